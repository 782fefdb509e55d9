#include <doctest/doctest.h>

#include "runtime/console/table.hpp"

using namespace cafmq;

TEST_CASE("text_table: columns are as wide as their content, numbers stand to the right") {
  text_table table{{"topic", "queues"}};
  table.add({"orders", "4"});
  table.add({"größe", "1,024"});
  CHECK(table.render(1) == " topic   queues\n orders       4\n größe    1,024\n");
}

TEST_CASE("text_table: missing cells are empty") {
  text_table table{{"a", "b"}};
  table.add({"x"});
  CHECK(table.render() == "a  b\nx\n");
}

TEST_CASE("grouped: thousands are set apart, with a sign or without") {
  CHECK(grouped(0) == "0");
  CHECK(grouped(999) == "999");
  CHECK(grouped(1'000) == "1,000");
  CHECK(grouped(-1'234'567) == "-1,234,567");
  CHECK(grouped(-123) == "-123");
}

TEST_CASE("readable_bytes: the unit follows the size") {
  CHECK(readable_bytes(512) == "512 B");
  CHECK(readable_bytes(1'536) == "1.5 KiB");
  CHECK(readable_bytes(std::int64_t{5} << 30) == "5.0 GiB");
}

TEST_CASE("shortened: one line, cut between characters") {
  CHECK(shortened("abc", 3) == "abc");
  CHECK(shortened("abcdef", 5) == "ab...");
  CHECK(shortened("a\nb\tc", 10) == "a b c");
  CHECK(shortened("ääääää", 5) == "ää...");
}
