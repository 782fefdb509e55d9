#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace cafmq {

// The properties block of a record: each property is name, 0x01, value, 0x02. The last 0x02 is
// missing in blocks written up to RocketMQ 5.1 (store.md of the format:
// MessageDecoder.string2messageProperties).

inline constexpr char property_separator = '\x01';
inline constexpr char property_end = '\x02';
/// The block's length is a signed 16-bit value.
inline constexpr std::size_t properties_bytes_max = 32'767;

using property_map = std::map<std::string, std::string, std::less<>>;

/// The value of `name` in `block`, without allocation; empty when it is absent. A duplicate name:
/// the later one wins.
std::string_view find_property(std::string_view block, std::string_view name);

/// All properties of `block`; malformed pieces are ignored, as RocketMQ ignores them.
property_map parse_properties(std::string_view block);

/// Calls `visit(name, value)` for each well-formed property, in order.
template <class Visit>
void for_each_property(std::string_view block, Visit&& visit) {
  while (!block.empty()) {
    auto end = block.find(property_end);
    auto piece = block.substr(0, end);
    block = end == std::string_view::npos ? std::string_view{} : block.substr(end + 1);
    auto separator = piece.find(property_separator);
    if (piece.size() >= 3 && separator != std::string_view::npos && separator != 0
        && separator + 1 != piece.size())
      visit(piece.substr(0, separator), piece.substr(separator + 1));
  }
}

/// Calls `visit(key)` for each key in the value of KEYS, which separates them by spaces.
template <class Visit>
void for_each_key(std::string_view keys, Visit&& visit) {
  while (!keys.empty()) {
    auto end = std::min(keys.find(' '), keys.size());
    if (end > 0) visit(keys.substr(0, end));
    keys.remove_prefix(std::min(end + 1, keys.size()));
  }
}

/// Bytes that one property takes in a block.
constexpr std::size_t property_size(std::string_view name, std::string_view value) {
  return name.size() + value.size() + 2;
}

/// Appends one property to a block under construction. Pre: neither part is empty or holds 0x01 or
/// 0x02.
void append_property(std::vector<std::uint8_t>& block, std::string_view name,
                     std::string_view value);

/// Whether name and value can stand in a block: neither is empty or holds a separator.
bool is_storable_property(std::string_view name, std::string_view value);

} // namespace cafmq
