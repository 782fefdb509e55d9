#include <doctest/doctest.h>

#include "actors/client/start_offset.hpp"

using namespace cafmq;

namespace {

queue_bounds between(std::int64_t min, std::int64_t max) { return {{min}, {max}, 0, 0}; }
const topic_name topic{"orders"};
const topic_name retry{"%RETRY%billing"};

} // namespace

TEST_CASE("C12 start_offset: FIRST begins at the oldest message that can be read") {
  start_rule first{consume_from::first_offset, 0};
  CHECK(question_of(first, topic) == start_question::bounds);
  CHECK(start_offset(first, topic, between(0, 9)) == queue_offset{0});
  CHECK(start_offset(first, topic, between(5, 9)) == queue_offset{5});
}

TEST_CASE("C12 start_offset: LAST begins at the end, but reads a young queue whole") {
  start_rule last{consume_from::last_offset, 0};
  CHECK(question_of(last, topic) == start_question::bounds);
  CHECK(start_offset(last, topic, between(5, 9)) == queue_offset{9});
  CHECK(start_offset(last, topic, between(0, 9)) == queue_offset{0});
  CHECK(start_offset(last, topic, between(0, 0)) == queue_offset{0});
}

TEST_CASE("C12 start_offset: a time is looked up by the broker") {
  CHECK(question_of({consume_from::timestamp, 1}, topic) == start_question::time);
}

TEST_CASE("C12 start_offset: retry topics are read whole, by a time from their end") {
  for (auto from : {consume_from::first_offset, consume_from::last_offset})
    CHECK(start_offset({from, 0}, retry, between(5, 9)) == queue_offset{5});
  start_rule time{consume_from::timestamp, 1};
  CHECK(question_of(time, retry) == start_question::bounds);
  CHECK(start_offset(time, retry, between(5, 9)) == queue_offset{9});
}
