#include <doctest/doctest.h>
#include <fstream>

#include "runtime/console/message_source.hpp"
#include "support/child_process.hpp"

using namespace cafmq;

namespace {

std::string file_with(const test::temporary_directory& directory, const std::string& text) {
  std::ofstream{directory / "input"} << text;
  return directory / "input";
}

std::vector<message> all(message_source& source) {
  std::vector<message> messages;
  while (auto next = source.next())
    messages.push_back(std::move(*next));
  return messages;
}

} // namespace

TEST_CASE("message_source: a message a line; empty lines are left out and counted") {
  test::temporary_directory directory;
  message_source source{{.topic = "t",
                         .file = file_with(directory, "one\n\ntwo"),
                         .tag = "a",
                         .key_line_numbers = true,
                         .tag_rules = {"b=^t"},
                         .properties = {"x=1=2"}}};
  const auto messages = all(source);
  REQUIRE(messages.size() == 2);
  CHECK(source.skipped() == 1);
  CHECK(messages[0].topic.value == "t");
  CHECK(messages[0].body == "one");
  CHECK(messages[0].keys() == "1");
  CHECK(messages[0].tags() == "a");
  CHECK(messages[0].get("x") == "1=2");
  CHECK(messages[1].body == "two");
  CHECK(messages[1].keys() == "3");
  CHECK(messages[1].tags() == "b");
}

TEST_CASE("message_source: a file that cannot be read to its end is no shorter file") {
  test::temporary_directory directory;
  message_source source{{.topic = "t", .file = directory / ""}};
  CHECK_THROWS_WITH_AS(source.next(), doctest::Contains("cannot be read"), std::runtime_error);
}

TEST_CASE("message_source: with their ends, lines make up the file again") {
  test::temporary_directory directory;
  const std::vector<std::string> texts{"one\n\n\r\ntwo", "one\n", "\n", "",
                                       std::string{"\0\xff\n", 3}};
  for (const auto& text : texts) {
    message_source source{
      {.topic = "t", .file = file_with(directory, text), .keep_line_ends = true}};
    std::string rebuilt;
    for (const auto& each : all(source))
      rebuilt += each.body;
    CHECK(rebuilt == text);
    CHECK(source.skipped() == 0);
  }
}

TEST_CASE("message_source: generated bodies have the size that was asked for, and differ") {
  message_source source{{.topic = "t", .count = 3, .size = 20, .key = "k"}};
  CHECK(source.total() == 3);
  const auto messages = all(source);
  REQUIRE(messages.size() == 3);
  CHECK(messages[0].body.size() == 20);
  CHECK(messages[0].body != messages[1].body);
  CHECK(messages[2].keys() == "k");
  message_source tiny{{.topic = "t", .count = 1, .size = 1}};
  CHECK(tiny.next()->body.size() == 1);
}

TEST_CASE("message_source: what cannot be used is said at once") {
  CHECK_THROWS_AS(message_source({.topic = "t", .file = "/no/such/file"}), std::runtime_error);
  test::temporary_directory directory;
  const auto file = file_with(directory, "x");
  CHECK_THROWS_AS(message_source({.topic = "t", .file = file, .tag_rules = {"no rule"}}),
                  std::invalid_argument);
  CHECK_THROWS_AS(message_source({.topic = "t", .file = file, .tag_rules = {"a=("}}),
                  std::invalid_argument);
  CHECK_THROWS_AS(message_source({.topic = "t", .file = file, .properties = {"=1"}}),
                  std::invalid_argument);
}
