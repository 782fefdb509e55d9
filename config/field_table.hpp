#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/settings.hpp"

namespace cafmq {

/// A configured value, free of its field's C++ type.
using config_value = std::variant<bool, std::int64_t, std::string, std::vector<std::string>>;

/// What may stand at a key.
enum class field_kind : std::uint8_t {
  boolean,
  integer,   ///< a whole number within min..max
  text,      ///< any string
  choice,    ///< one of `choices`
  addresses, ///< host:port strings, as an array or joined by ';'
};

/// One key. The table of these drives reading, checking, showing and overriding, so a key exists in
/// all four or in none.
struct config_field {
  std::string_view section; ///< node, namesrv, broker, store, client
  std::string_view key;     ///< RocketMQ's name where it has one
  field_kind kind = field_kind::text;
  std::string_view unit; ///< ms, us, h, bytes, MiB, percent, ...; empty: a plain count or name
  std::int64_t min = 0;
  std::int64_t max = 0;
  std::vector<std::string> choices;
  std::string_view sentence; ///< what it does and trades
  std::function<config_value(const settings&)> get;
  /// Takes only values of this kind and within the limits.
  std::function<void(settings&, const config_value&)> set;

  std::string path() const { return std::string{section} + "." + std::string{key}; }
};

/// The sections in the order in which they are shown.
inline constexpr std::string_view config_sections[] = {"node", "namesrv", "broker", "store",
                                                       "client"};

/// Every key, section by section.
const std::vector<config_field>& field_table();

/// The field at section.key, or nullptr.
const config_field* find_field(std::string_view section, std::string_view key);

/// `value` as people write it on the command line; addresses are joined by ';'.
std::string to_text(const config_value& value);

} // namespace cafmq
