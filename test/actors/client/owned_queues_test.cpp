#include <doctest/doctest.h>

#include "actors/client/owned_queues.hpp"

using namespace cafmq;

namespace {

message_queue queue(const char* broker, std::int32_t id, const char* topic = "orders") {
  return {{topic}, {broker}, {id}};
}

queue_assignment assignment(const char* broker, std::int64_t revision,
                            const std::vector<std::int32_t>& ids, std::int64_t committed = 7) {
  queue_assignment result{{"billing"}, {broker}, revision, {}};
  for (auto id : ids)
    result.queues.push_back({{{"orders"}, {id}}, {committed}});
  return result;
}

} // namespace

TEST_CASE(
  "owned_queues: an assignment starts new queues, keeps the others, stops what is missing") {
  owned_queues owned;
  CHECK(owned.assigned(assignment("a", 1, {0, 1}))
        == ownership_changes{start_queue{queue("a", 0), {7}}, start_queue{queue("a", 1), {7}}});
  CHECK(owned.assigned(assignment("b", 1, {0}))
        == ownership_changes{start_queue{queue("b", 0), {7}}});
  CHECK(owned.assigned(assignment("a", 2, {1, 2}, 9))
        == ownership_changes{stop_queue{queue("a", 0)}, keep_queue{queue("a", 1), {9}},
                             start_queue{queue("a", 2), {9}}});
  CHECK_FALSE(owned.owns(queue("a", 0)));
  CHECK_FALSE(owned.stopped(queue("a", 0)));
  CHECK(owned.size() == 3);
}

TEST_CASE("owned_queues: an assignment that comes late is ignored, until the link is new") {
  owned_queues owned;
  owned.assigned(assignment("a", 5, {0}));
  CHECK(owned.revision({"a"}) == 5);
  CHECK(owned.assigned(assignment("a", 5, {})).empty());
  CHECK(owned.assigned(assignment("a", 4, {})).empty());
  owned.link_lost({"a"});
  CHECK(owned.assigned(assignment("a", 1, {0}, 3))
        == ownership_changes{keep_queue{queue("a", 0), {3}}});
}

TEST_CASE("owned_queues: a queue that comes back while it stops starts again after that") {
  owned_queues owned;
  owned.assigned(assignment("a", 1, {0}));
  owned.assigned(assignment("a", 2, {}));
  CHECK(owned.assigned(assignment("a", 3, {0}, 8)).empty());
  CHECK(owned.owns(queue("a", 0)));
  CHECK(owned.stopped(queue("a", 0)) == start_queue{queue("a", 0), {8}});
  owned.assigned(assignment("a", 4, {}));
  owned.assigned(assignment("a", 5, {0}));
  CHECK(owned.assigned(assignment("a", 6, {})).empty());
  CHECK_FALSE(owned.stopped(queue("a", 0)));
}

TEST_CASE("owned_queues: without assignments the queues of a list, or of a topic, are all ours") {
  owned_queues owned;
  CHECK(owned.replace({"orders"}, {queue("a", 0), queue("b", 0)}).size() == 2);
  CHECK(owned.replace({"bills"}, {queue("a", 0, "bills")}).size() == 1);
  CHECK(owned.replace({"orders"}, {queue("b", 0)})
        == ownership_changes{stop_queue{queue("a", 0)}, keep_queue{queue("b", 0), no_offset}});
  CHECK(
    owned.replace({queue("b", 0)})
    == ownership_changes{stop_queue{queue("a", 0, "bills")}, keep_queue{queue("b", 0), no_offset}});
}
