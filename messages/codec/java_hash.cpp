#include "messages/codec/java_hash.hpp"

#include <array>
#include <cstring>

namespace cafmq {

namespace {

struct code_point {
  std::uint32_t value = 0;
  std::size_t bytes = 1;
};

/// Decodes the code point at the front of `text`; a malformed byte becomes U+FFFD, as Java decodes
/// it.
code_point decode(std::string_view text) {
  constexpr code_point malformed{0xFFFD, 1};
  auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  std::uint8_t lead = at(0);
  std::size_t bytes = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (bytes == 0 || lead > 0xF4 || text.size() < bytes) return malformed;
  std::uint32_t value = lead & (0xFFu >> (bytes + 1));
  for (std::size_t i = 1; i < bytes; ++i) {
    if ((at(i) & 0xC0) != 0x80) return malformed;
    value = (value << 6) | (at(i) & 0x3Fu);
  }
  return {value, bytes};
}

constexpr std::size_t stride = 8;

constexpr auto powers_of_31 = [] {
  std::array<std::uint32_t, stride + 1> powers{1};
  for (std::size_t i = 1; i < powers.size(); ++i)
    powers[i] = 31 * powers[i - 1];
  return powers;
}();

/// Whether the next `stride` bytes at `from` are ASCII.
bool is_ascii(const char* from) {
  std::uint64_t word;
  static_assert(sizeof word == stride);
  std::memcpy(&word, from, sizeof word);
  return (word & 0x8080808080808080u) == 0;
}

} // namespace

std::int32_t java_hash(std::string_view text, std::int32_t seed) {
  auto hash = static_cast<std::uint32_t>(seed);
  for (std::size_t i = 0; i < text.size();) {
    // Keys are hashed a few times a message: several bytes at once, without waiting for each other.
    if (text.size() - i >= stride && is_ascii(text.data() + i)) {
      hash *= powers_of_31[stride];
      for (std::size_t j = 0; j < stride; ++j)
        hash += powers_of_31[stride - 1 - j] * static_cast<std::uint8_t>(text[i + j]);
      i += stride;
      continue;
    }
    auto byte = static_cast<std::uint8_t>(text[i]);
    if (byte < 0x80) {
      hash = 31 * hash + byte;
      ++i;
      continue;
    }
    auto point = decode(text.substr(i));
    i += point.bytes;
    if (point.value >= 0x10000) { // two surrogates
      auto rest = point.value - 0x10000;
      hash = 31 * hash + (0xD800 + (rest >> 10));
      hash = 31 * hash + (0xDC00 + (rest & 0x3FF));
    } else {
      hash = 31 * hash + point.value;
    }
  }
  return static_cast<std::int32_t>(hash);
}

} // namespace cafmq
