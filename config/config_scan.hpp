#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config_fault.hpp"

namespace cafmq {

/// A value as it stands in the file. Numbers with a fraction or beyond 64 bits are `double`; null,
/// objects and arrays of anything but strings are told by `shape` only.
struct scanned_value {
  enum class shape : std::uint8_t { null, boolean, integer, real, text, strings, mixed, object };
  shape what = shape::null;
  std::variant<std::monostate, bool, std::int64_t, double, std::string, std::vector<std::string>>
    value;
};

/// A key with its value and the line, from 1, on which the key stands.
struct scanned_entry {
  std::string section; ///< empty: the key is at the top level and is a section, or should be
  std::string key;
  scanned_value value;
  int line = 0;
};

/// A section, or whatever stands at the top level of the file.
struct scanned_section {
  std::string name;
  int line = 0;
  bool is_object = true;
};

struct scanned_config {
  std::vector<scanned_section> sections;
  std::vector<scanned_entry> entries;
  std::vector<config_fault> faults; ///< syntax, or no object at the top; the rest is empty then
};

/// Takes JSON text apart without judging its keys. Never throws.
scanned_config scan_config(std::string_view text, const std::string& file);

/// `null`, `true`, `an object`, ...: for sentences about a wrong type.
std::string shape_name(const scanned_value& value);

} // namespace cafmq
