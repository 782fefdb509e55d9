#include <doctest/doctest.h>

#include "actors/client/pull_schedule.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

namespace {

const pull_schedule::time_point start{1h};

} // namespace

TEST_CASE("pull_schedule: one question at a time, answered by its ticket") {
  pull_schedule schedule;
  CHECK(schedule.may_ask(start));
  schedule.ask(7, start, 30s);
  CHECK_FALSE(schedule.may_ask(start));
  CHECK_FALSE(schedule.answered(6));
  CHECK(schedule.answered(7));
  CHECK_FALSE(schedule.answered(7));
  CHECK(schedule.may_ask(start));
}

TEST_CASE("pull_schedule: a question that nobody answers is void at its deadline") {
  pull_schedule schedule;
  schedule.ask(1, start, 30s);
  CHECK(schedule.next_event(start) == start + 30s);
  CHECK_FALSE(schedule.expire(start + 29s));
  CHECK(schedule.expire(start + 30s));
  CHECK_FALSE(schedule.expire(start + 31s));
  CHECK_FALSE(schedule.answered(1));
  CHECK(schedule.may_ask(start + 30s));
}

TEST_CASE("pull_schedule: a postponed question waits, a forgotten one is gone") {
  pull_schedule schedule;
  CHECK_FALSE(schedule.next_event(start).has_value());
  schedule.postpone(start + 3s);
  CHECK_FALSE(schedule.may_ask(start + 2s));
  CHECK(schedule.next_event(start) == start + 3s);
  CHECK(schedule.may_ask(start + 3s));
  schedule.ask(2, start + 3s, 1s);
  CHECK(schedule.since_asked(start + 4s) == 1s);
  schedule.forget();
  CHECK_FALSE(schedule.answered(2));
}
