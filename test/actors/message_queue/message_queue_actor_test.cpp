#include <algorithm>
#include <doctest/doctest.h>
#include <string>
#include <vector>

#include "actors/message_queue/message_queue_actor.hpp"
#include "messages/codec/java_hash.hpp"
#include "support/deterministic_system.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

/// The tags of a queue's messages, and pulls answered as store_view answers them.
struct tagged_queue {
  std::vector<std::string> tags;
  std::int64_t cold_below = 0;
  std::int64_t examined_max = 800;

  std::optional<pulled_messages> read(const pull_messages& pull) const {
    pulled_messages result;
    result.max = {static_cast<std::int64_t>(tags.size())};
    result.next = pull.from;
    if (pull.from > result.max) {
      result.status = pull_status::offset_illegal;
      result.next = result.max;
      return result;
    }
    if (pull.from < result.max && pull.from.value < cold_below) return std::nullopt;
    auto examined = pull.from.value;
    const auto end = std::min(result.max.value, examined + examined_max);
    for (; examined < end && result.count < pull.count_max; ++examined)
      if (pull.filter.accepts(java_hash(tags[static_cast<std::size_t>(examined)]))) ++result.count;
    if (examined > pull.from.value)
      result.status = result.count > 0 ? pull_status::found : pull_status::no_matched_message;
    result.next = {examined};
    return result;
  }
};

tag_filter only(const std::string& tag) { return {{java_hash(tag)}}; }

struct fixture {
  test::deterministic_system system;
  std::shared_ptr<tagged_queue> store = std::make_shared<tagged_queue>();
  std::shared_ptr<broker_counters> counters = std::make_shared<broker_counters>();
  test::probe commit_log = system.spawn_probe();
  test::probe cold_reader = system.spawn_probe();
  test::probe consumer = system.spawn_probe();
  broker_config config;
  message_queue_handle queue =
    spawn_message_queue(system.system(), config,
                        {{{"orders"}, {2}},
                         [store = store](const pull_messages& pull) { return store->read(pull); },
                         commit_log.as<commit_log_handle>(),
                         cold_reader.as<cold_reader_handle>(),
                         counters});

  fixture() { system.settle(); }

  pull_messages make_pull(std::int64_t from, std::chrono::milliseconds suspend = 15s,
                          tag_filter filter = {}, const std::string& client = "c") {
    return {{"g"}, {client}, {"orders"}, {2}, {from}, 32, 1 << 18, suspend, std::move(filter)};
  }
  auto pull(std::int64_t from, std::chrono::milliseconds suspend = 15s, tag_filter filter = {},
            const std::string& client = "c") {
    return system.request_from<pulled_messages>(
      consumer, queue, make_pull(from, suspend, std::move(filter), client));
  }
  void append(std::vector<std::string> tags) {
    store->tags.insert(store->tags.end(), tags.begin(), tags.end());
    system.send(queue, queue_advanced{{static_cast<std::int64_t>(store->tags.size())}});
  }
};

TEST_CASE_FIXTURE(fixture, "message_queue: asks the commit log to be told, when it starts") {
  REQUIRE(commit_log.last<watch_queue>());
  CHECK(commit_log.last<watch_queue>()->queue == local_queue{{"orders"}, {2}});
}

TEST_CASE_FIXTURE(fixture, "message_queue: sends go on to the commit log") {
  send_batch batch;
  batch.topic = {"orders"};
  system.request_from<send_receipt>(consumer, queue, batch);
  system.send_from(consumer, queue, send_oneway{batch});
  CHECK(commit_log.last<send_batch>()->topic == topic_name{"orders"});
  CHECK(commit_log.last<send_oneway>());
}

TEST_CASE_FIXTURE(fixture, "message_queue: what is there is answered at once, and counted") {
  append({"a", "b", "c"});
  auto answer = pull(1);
  REQUIRE(answer.succeeded());
  CHECK(answer.get()->status == pull_status::found);
  CHECK(answer.get()->count == 2);
  CHECK(answer.get()->next == queue_offset{3});
  CHECK(counters->messages_out == 2);
}

TEST_CASE_FIXTURE(fixture, "C13 message_queue: a parked pull is answered when a message arrives") {
  auto answer = pull(0);
  system.advance(7s);
  CHECK_FALSE(answer.done());
  append({"a"});
  REQUIRE(answer.succeeded()); // no time passed
  CHECK(answer.get()->count == 1);
}

TEST_CASE_FIXTURE(fixture, "C13 message_queue: a parked pull without a match ends at its time") {
  append({"a"});
  auto answer = pull(1);
  system.advance(14'999ms);
  CHECK_FALSE(answer.done());
  system.advance(1ms);
  REQUIRE(answer.succeeded());
  CHECK(answer.get()->status == pull_status::no_new_message);
  CHECK(answer.get()->next == queue_offset{1});
  CHECK(answer.get()->max == queue_offset{1});
}

TEST_CASE_FIXTURE(fixture, "C13 message_queue: each of many waits has its own time") {
  auto slow = pull(0, 15s, {}, "slow");
  auto quick = pull(0, 200ms, {}, "quick");
  auto middle = pull(0, 3s, {}, "middle");
  system.advance(200ms);
  CHECK(quick.done());
  CHECK_FALSE(middle.done());
  system.advance(2'800ms);
  CHECK(middle.done());
  auto again = pull(0, 200ms, {}, "quick");
  system.advance(199ms);
  CHECK_FALSE(again.done());
  system.advance(1ms);
  CHECK(again.done());
  CHECK_FALSE(slow.done());
  system.advance(11'800ms);
  CHECK(slow.done());
}

TEST_CASE_FIXTURE(fixture, "message_queue: who cannot wait is answered at once") {
  auto answer = pull(0, 0s);
  REQUIRE(answer.succeeded());
  CHECK(answer.get()->status == pull_status::no_new_message);
}

TEST_CASE_FIXTURE(fixture, "message_queue: an offset beyond the queue is corrected, not parked") {
  append({"a"});
  auto answer = pull(9);
  REQUIRE(answer.succeeded());
  CHECK(answer.get()->status == pull_status::offset_illegal);
  CHECK(answer.get()->next == queue_offset{1});
}

TEST_CASE_FIXTURE(fixture, "message_queue: a client's second pull ends its first, empty") {
  append({"a"});
  auto first = pull(1);
  auto other = pull(1, 15s, {}, "another");
  auto second = pull(1);
  REQUIRE(first.succeeded());
  CHECK(first.get()->status == pull_status::no_new_message);
  CHECK(first.get()->next == queue_offset{1});
  CHECK(first.get()->max == queue_offset{1});
  CHECK_FALSE(second.done());
  CHECK_FALSE(other.done());
  append({"b"});
  CHECK(second.get()->count == 1);
  CHECK(other.get()->count == 1);
}

TEST_CASE_FIXTURE(fixture, "C9 message_queue: a parked pull sleeps on while other tags arrive") {
  auto answer = pull(0, 15s, only("wanted"));
  append({"other"});
  CHECK_FALSE(answer.done());
  append({"wanted"});
  REQUIRE(answer.succeeded());
  CHECK(answer.get()->count == 1);
  CHECK(answer.get()->next == queue_offset{2});
}

TEST_CASE_FIXTURE(fixture, "C9 message_queue: colliding tags pass the broker, for the client") {
  REQUIRE(java_hash("Aa") == java_hash("BB"));
  append({"Aa", "BB", "Ab"});
  auto answer = pull(0, 15s, only("Aa"));
  CHECK(answer.get()->count == 2);
}

TEST_CASE_FIXTURE(fixture, "C11 message_queue: refused messages move the offset on at once") {
  append({"x", "x", "x"});
  auto answer = pull(0, 15s, only("wanted"));
  REQUIRE(answer.succeeded());
  CHECK(answer.get()->status == pull_status::no_matched_message);
  CHECK(answer.get()->next == queue_offset{3});
}

TEST_CASE_FIXTURE(fixture, "C11 message_queue: a waiting pull tells of refused ones in a second") {
  auto answer = pull(0, 15s, only("wanted"));
  system.advance(5s);
  append({"x", "x"});
  system.advance(999ms);
  append({"x"});
  CHECK_FALSE(answer.done());
  system.advance(1ms);
  REQUIRE(answer.succeeded());
  CHECK(answer.get()->status == pull_status::no_matched_message);
  CHECK(answer.get()->next == queue_offset{3});
}

TEST_CASE_FIXTURE(fixture, "C11 message_queue: one read examines so much, then the pull goes on") {
  store->examined_max = 10;
  auto answer = pull(0, 15s, only("wanted"));
  append(std::vector<std::string>(25, "x"));
  REQUIRE(answer.succeeded());
  CHECK(answer.get()->status == pull_status::no_matched_message);
  CHECK(answer.get()->next == queue_offset{10});
}

TEST_CASE_FIXTURE(fixture, "message_queue: what is on the disk only is the cold reader's") {
  append({"a", "b"});
  store->cold_below = 2;
  pull(0);
  REQUIRE(cold_reader.last<pull_messages>());
  CHECK(cold_reader.last<pull_messages>()->topic == topic_name{"orders"});
  cold_reader.forget();
  pull(2); // parked; then its message is gone to the disk before it is looked at
  store->cold_below = 3;
  append({"c"});
  CHECK(cold_reader.last<pull_messages>());
  system.request_from<queue_bounds>(consumer, queue, get_queue_bounds{{"orders"}, {2}});
  system.request_from<found_offset>(consumer, queue, search_offset{{"orders"}, {2}, 17});
  CHECK(cold_reader.last<get_queue_bounds>());
  CHECK(cold_reader.last<search_offset>()->timestamp == 17);
}

TEST_CASE_FIXTURE(fixture, "message_queue: an end answers those who wait") {
  auto answer = pull(0);
  system.kill(queue, caf::exit_reason::user_shutdown);
  REQUIRE(answer.done());
  CHECK(code_of(answer.get().error()) == errc::service_not_available);
}

TEST_CASE_FIXTURE(fixture, "message_queue: a client that died in its wait costs nothing but time") {
  pull(0);
  system.kill(consumer);
  append({"a"});
  system.advance(20s);
  auto survivor = system.spawn_probe();
  auto answer = system.request_from<pulled_messages>(survivor, queue, make_pull(0));
  CHECK(answer.get()->count == 1); // reading takes nothing away
}

struct busy_fixture : fixture {
  busy_fixture() {
    config.pull_requests_waiting_max = 1;
    queue =
      spawn_message_queue(system.system(), config,
                          {{{"orders"}, {2}},
                           [store = store](const pull_messages& pull) { return store->read(pull); },
                           commit_log.as<commit_log_handle>(),
                           cold_reader.as<cold_reader_handle>(),
                           nullptr});
  }
};

TEST_CASE_FIXTURE(busy_fixture, "message_queue: beyond its limit of waiting pulls it is busy") {
  auto first = pull(0, 15s, {}, "a");
  auto second = pull(0, 15s, {}, "b");
  CHECK_FALSE(first.done());
  REQUIRE(second.done());
  CHECK(code_of(second.get().error()) == errc::system_busy);
}

} // namespace
} // namespace cafmq
