#include <doctest/doctest.h>

#include "actors/consumer_group/offset_table.hpp"

namespace cafmq {
namespace {

const local_queue first{{"orders"}, {0}};
const local_queue second{{"orders"}, {1}};

TEST_CASE("offset_table: the last writer wins, lower offsets too") {
  offset_table offsets;
  CHECK(offsets.find(first) == no_offset);
  offsets.commit({first, {10}});
  offsets.commit({first, {7}});
  CHECK(offsets.find(first) == queue_offset{7});
  CHECK(offsets.find(second) == no_offset);
}

TEST_CASE("offset_table: changes are told once, with their newest value") {
  offset_table offsets;
  offsets.commit({second, {1}});
  offsets.commit({first, {10}});
  offsets.commit({first, {12}});
  CHECK(offsets.has_changes());
  CHECK(offsets.take_changes() == std::vector<queue_position>{{first, {12}}, {second, {1}}});
  CHECK_FALSE(offsets.has_changes());
  offsets.commit({first, {12}}); // nothing new
  CHECK_FALSE(offsets.has_changes());
}

TEST_CASE("offset_table: stored offsets are no changes") {
  offset_table offsets{{{first, {5}}, {second, {0}}}};
  CHECK(offsets.find(first) == queue_offset{5});
  CHECK(offsets.find(second) == queue_offset{0});
  CHECK_FALSE(offsets.has_changes());
}

TEST_CASE("offset_table: a negative offset says nothing") {
  offset_table offsets{{{first, {5}}}};
  CHECK(offsets.commit({first, no_offset}));
  CHECK(offsets.commit({second, no_offset}));
  CHECK(offsets.find(first) == queue_offset{5});
  CHECK(offsets.all().size() == 1);
}

TEST_CASE("offset_table: a topic is forgotten, with those changes in it that were not told yet") {
  const local_queue other{{"bills"}, {0}};
  offset_table offsets{{{first, {5}}, {other, {6}}}};
  offsets.commit({second, {1}});
  CHECK(offsets.forget({"orders"}));
  CHECK(offsets.find(first) == no_offset);
  CHECK(offsets.find(other) == queue_offset{6});
  CHECK_FALSE(offsets.has_changes());
  CHECK_FALSE(offsets.forget({"orders"}));
}

TEST_CASE("offset_table: it keeps so many queues and no more") {
  offset_table offsets;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(offset_table::queues_max); ++i)
    offsets.commit({{{""}, {i}}, {1}});
  CHECK_FALSE(offsets.commit({first, {1}}));
  CHECK(offsets.commit({{{""}, {0}}, {2}})); // known ones go on
}

} // namespace
} // namespace cafmq
