#pragma once

#include <caf/atom.hpp>
#include <caf/error.hpp>
#include <caf/make_message.hpp>
#include <cstdint>
#include <string>

#include "messages/errc.hpp"

namespace cafmq {

inline constexpr caf::atom_value error_category = caf::atom("cafmq");

inline caf::error make_error(errc code) {
  return {static_cast<std::uint8_t>(code), error_category};
}

/// An error with its context: what, where and what to do, in one sentence.
inline caf::error make_error(errc code, std::string context) {
  return {static_cast<std::uint8_t>(code), error_category, caf::make_message(std::move(context))};
}

/// Our code inside `x`; `none` for success, `request_timeout` and `system_error` for CAF's own
/// errors.
errc code_of(const caf::error& x);

/// `x` as one sentence for people: the context where there is one, else the description of the
/// code.
std::string sentence(const caf::error& x);

} // namespace cafmq
