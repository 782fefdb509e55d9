#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "runtime/console/json_line.hpp"

using namespace cafmq;

TEST_CASE("json_line: fields keep their order and any text stays JSON") {
  const auto line = json_line{}
                      .text("a", "q\"\\\n\x01z")
                      .number("b", -7)
                      .real("c", 1.5)
                      .flag("d", true)
                      .texts("e", {"x", "ü"})
                      .text("f", "\xff!")
                      .str();
  const auto parsed = nlohmann::json::parse(line);
  CHECK(parsed["a"] == "q\"\\\n\x01z");
  CHECK(parsed["b"] == -7);
  CHECK(parsed["c"] == 1.5);
  CHECK(parsed["d"] == true);
  CHECK(parsed["e"] == std::vector<std::string>{"x", "ü"});
  CHECK(parsed["f"] == "\xEF\xBF\xBD!");
  CHECK(line.starts_with(R"({"a":)"));
  CHECK(json_line{}.str() == "{}");
}

TEST_CASE("json_line: a key that is no UTF-8, as a damaged property name, stays JSON too") {
  CHECK(json_line{}
          .text("a\xFF"
                "b",
                "v")
          .str()
        == "{\"a\xEF\xBF\xBD"
           "b\":\"v\"}");
}

TEST_CASE("json_line: reals are short") {
  CHECK(json_line{}.real("x", 2).str() == R"({"x":2})");
  CHECK(json_line{}.real("x", 0.1234567).str() == R"({"x":0.123})");
  CHECK(json_line{}.real("x", 100).str() == R"({"x":100})");
}

TEST_CASE("is_utf8: accepts what RFC 3629 does, and nothing else") {
  for (auto good : {"", "abc", "ü", "€", "😀", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"})
    CHECK(is_utf8(good));
  for (auto bad : {"\x80", "\xC0\xAF", "\xC3", "\xE2\x82", "\xE0\x80\x80", "\xED\xA0\x80",
                   "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xFF", "a\xC3("})
    CHECK_FALSE(is_utf8(bad));
}

TEST_CASE("base64: RFC 4648's own examples") {
  CHECK(base64("") == "");
  CHECK(base64("f") == "Zg==");
  CHECK(base64("fo") == "Zm8=");
  CHECK(base64("foo") == "Zm9v");
  CHECK(base64("foobar") == "Zm9vYmFy");
}
