#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "messages/inspect.hpp"

namespace cafmq {

/// An immutable, shared run of bytes: records travel in it. Copies cost one atomic increment; the
/// bytes are copied only where a block leaves the process. `std::uint8_t`, because CAF 0.17 writes
/// that vector with one memcpy.
class byte_block {
public:
  using bytes = std::vector<std::uint8_t>;

  byte_block() = default;
  explicit byte_block(bytes content)
      : content_(std::make_shared<const bytes>(std::move(content))) {}

  const std::uint8_t* data() const { return content_ ? content_->data() : nullptr; }
  std::size_t size() const { return content_ ? content_->size() : 0; }
  bool empty() const { return size() == 0; }
  std::span<const std::uint8_t> span() const { return {data(), size()}; }
  std::string_view view() const { return {reinterpret_cast<const char*>(data()), size()}; }

  template <class Inspector>
  friend std::enable_if_t<Inspector::reads_state, typename Inspector::result_type>
  inspect(Inspector& f, const byte_block& x) {
    static const bytes none;
    return f(detail::label<Inspector>("byte_block"), x.content_ ? *x.content_ : none);
  }

  template <class Inspector>
  friend std::enable_if_t<Inspector::writes_state, typename Inspector::result_type>
  inspect(Inspector& f, byte_block& x) {
    bytes loaded;
    auto freeze = [&]() -> typename Inspector::result_type {
      x.content_ = std::make_shared<const bytes>(std::move(loaded));
      return {};
    };
    return f(detail::label<Inspector>("byte_block"), loaded, detail::after_load(freeze));
  }

private:
  std::shared_ptr<const bytes> content_;
};

} // namespace cafmq
