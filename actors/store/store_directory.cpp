#include "actors/store/store_directory.hpp"

#include <charconv>
#include <string_view>

namespace cafmq {

namespace {
constexpr std::size_t name_digits = 20;
} // namespace

std::string segment_name(std::int64_t offset) {
  auto digits = std::to_string(offset);
  return std::string(name_digits - digits.size(), '0') + digits;
}

std::optional<std::int64_t> segment_offset(std::string_view name) {
  std::int64_t offset = 0;
  auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), offset);
  if (name.size() != name_digits || problem != std::errc{} || end != name.data() + name.size())
    return std::nullopt;
  return offset;
}

} // namespace cafmq
