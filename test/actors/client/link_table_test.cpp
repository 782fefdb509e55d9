#include <doctest/doctest.h>

#include "actors/client/link_table.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

TEST_CASE("link_table: a failed address is dialled again later and later, up to a limit") {
  link_table links{{.first = 100ms, .longest = 400ms}};
  link_table::time_point now{};
  links.want({"a:1", "b:1"}, now);
  CHECK(links.take_due(now) == std::vector<std::string>{"a:1", "b:1"});
  CHECK(links.take_due(now).empty());
  links.linked("b:1");
  for (auto wait : {100ms, 200ms, 400ms, 400ms}) {
    links.failed("a:1", now, 0);
    CHECK(links.take_due(now + wait - 1ms).empty());
    now += wait;
    CHECK(links.take_due(now) == std::vector<std::string>{"a:1"});
  }
}

TEST_CASE(
  "link_table: chance spreads retries, hurry ends the wait, unwanted addresses are forgotten") {
  link_table links{{.first = 100ms, .longest = 400ms}};
  link_table::time_point now{};
  links.want({"a:1"}, now);
  links.take_due(now);
  links.failed("a:1", now, 50);
  CHECK(links.take_due(now + 149ms).empty());
  links.hurry("a:1", now + 1ms);
  CHECK(links.take_due(now + 1ms).size() == 1);
  links.want({}, now);
  links.failed("a:1", now, 0);
  CHECK(links.take_due(now + 1h).empty());
}
