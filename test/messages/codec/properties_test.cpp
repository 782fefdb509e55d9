#include <doctest/doctest.h>
#include <string>
#include <vector>

#include "messages/codec/properties.hpp"

using namespace cafmq;

TEST_CASE("properties: keys stand between any number of spaces, and none is empty") {
  const auto keys_in = [](std::string_view value) {
    std::vector<std::string> keys;
    for_each_key(value, [&](std::string_view key) { keys.emplace_back(key); });
    return keys;
  };
  using texts = std::vector<std::string>;
  CHECK(keys_in("") == texts{});
  CHECK(keys_in(" ") == texts{});
  CHECK(keys_in("one") == texts{"one"});
  CHECK(keys_in("one two") == texts{"one", "two"});
  CHECK(keys_in("  one   two ") == texts{"one", "two"});
}
