#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/settings.hpp"

namespace cafmq {

/// A key as people are shown it.
struct shown_field {
  std::string_view section;
  std::string_view key;
  std::string value;
  std::string_view unit;
  bool is_default = true;
  std::string_view sentence;
};

/// Every key of the sections that are present (node, store and client always go with their roles),
/// with its value in force.
std::vector<shown_field> shown_fields(const settings& values);

/// The same as a JSON configuration that reads back to `values`.
std::string to_json(const settings& values);

} // namespace cafmq
