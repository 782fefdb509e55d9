#include <doctest/doctest.h>

#include "actors/client/subscription_expression.hpp"
#include "messages/errors.hpp"

using namespace cafmq;

TEST_CASE("subscription_expression: nothing and * mean every message") {
  for (auto text : {"", "*", "  ", " * "}) {
    auto all = subscription_expression::parse(text);
    REQUIRE(all);
    CHECK(all->tags().empty());
    CHECK(all->filter().codes.empty());
    CHECK(all->accepts(""));
    CHECK(all->accepts("paid"));
  }
}

TEST_CASE("subscription_expression: tags are trimmed, empty and repeated ones fall away") {
  auto some = subscription_expression::parse(" paid || sent||  ||paid||");
  REQUIRE(some);
  CHECK(some->tags() == std::vector<std::string>{"paid", "sent"});
  CHECK(some->accepts("sent"));
  CHECK_FALSE(some->accepts("sen"));
  CHECK_FALSE(some->accepts(""));
}

TEST_CASE("subscription_expression: an expression without any tag is refused") {
  CHECK(code_of(subscription_expression::parse(" || ").error()) == errc::subscription_parse_failed);
}

TEST_CASE("C9 subscription_expression: tags with one hash share a code and are told apart") {
  auto some = subscription_expression::parse("Aa");
  auto both = subscription_expression::parse("Aa || BB");
  REQUIRE(some);
  REQUIRE(both);
  CHECK(some->filter().codes == std::vector<std::int32_t>{2112});
  CHECK(both->filter().codes == some->filter().codes);
  CHECK_FALSE(some->accepts("BB"));
  CHECK(both->accepts("BB"));
}
