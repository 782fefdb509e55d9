#include <cstdint>
#include <doctest/doctest.h>
#include <string>

#include "messages/codec/java_hash.hpp"

using namespace cafmq;

namespace {

/// String.hashCode of a text of ASCII, character by character.
std::int32_t by_definition(const std::string& text, std::int32_t seed = 0) {
  auto hash = static_cast<std::uint32_t>(seed);
  for (char c : text)
    hash = 31 * hash + static_cast<std::uint8_t>(c);
  return static_cast<std::int32_t>(hash);
}

} // namespace

TEST_CASE("java_hash: texts of any length hash as String.hashCode says") {
  std::string text;
  for (int length = 0; length < 70; ++length) {
    CHECK(java_hash(text) == by_definition(text));
    CHECK(java_hash(text, -77) == by_definition(text, -77));
    text += static_cast<char>(' ' + length);
  }
}

// Values of String.hashCode for these literals.
TEST_CASE("java_hash: characters beyond ASCII count as UTF-16 units, wherever they stand") {
  CHECK(java_hash("Aa") == 2112);
  CHECK(java_hash("\u00e9") == 0xE9);
  CHECK(java_hash("\U0001F600") == 31 * 0xD83D + 0xDE00);
  for (std::size_t before = 0; before < 20; ++before) {
    const std::string ascii(before, 'x'), behind = "0123456789";
    CHECK(
      java_hash(ascii + "\u00e9" + behind)
      == by_definition(behind, static_cast<std::int32_t>(
                                 31u * static_cast<std::uint32_t>(by_definition(ascii)) + 0xE9u)));
  }
}
