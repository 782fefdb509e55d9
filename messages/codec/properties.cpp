#include "messages/codec/properties.hpp"

namespace cafmq {

std::string_view find_property(std::string_view block, std::string_view name) {
  std::string_view found;
  for_each_property(block, [&](std::string_view candidate, std::string_view value) {
    if (candidate == name) found = value;
  });
  return found;
}

property_map parse_properties(std::string_view block) {
  property_map properties;
  for_each_property(block, [&](std::string_view name, std::string_view value) {
    properties.insert_or_assign(std::string{name}, std::string{value});
  });
  return properties;
}

void append_property(std::vector<std::uint8_t>& block, std::string_view name,
                     std::string_view value) {
  block.insert(block.end(), name.begin(), name.end());
  block.push_back(static_cast<std::uint8_t>(property_separator));
  block.insert(block.end(), value.begin(), value.end());
  block.push_back(static_cast<std::uint8_t>(property_end));
}

bool is_storable_property(std::string_view name, std::string_view value) {
  constexpr std::string_view separators{"\x01\x02"};
  return !name.empty() && !value.empty() && name.find_first_of(separators) == std::string_view::npos
         && value.find_first_of(separators) == std::string_view::npos;
}

} // namespace cafmq
