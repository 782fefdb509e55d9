#include <algorithm>
#include <chrono>
#include <cstdint>
#include <doctest/doctest.h>
#include <string>
#include <vector>

#include "actors/store/deleted_topics.hpp"
#include "messages/codec/metadata_json.hpp"
#include "support/faulty_directory.hpp"
#include "support/store_stage.hpp"

using namespace cafmq;
using test::batch_of;
using test::numbered;
using stage = test::store_stage<test::faulty_directory>;

namespace {

constexpr const char* deletions_path = "config/deletedTopics.json";
/// More records than the last segment holds, and the three seconds before it.
constexpr std::int64_t few_records = 40;

enum class ending : std::uint8_t { stop, kill, power_cut };

void restart(stage& s, ending how) {
  if (how == ending::stop) {
    REQUIRE(s.store->close());
  }
  s.store.reset();
  if (how == ending::power_cut) s.directory.lose_unsynced();
  s.open();
}

/// Sends one message a second, so that the checkpoint leaves little to look at again.
void send_some(stage& s, const std::string& topic, int from, int to) {
  for (int i = from; i < to; ++i) {
    s.send(batch_of(topic, 0, {"body " + std::to_string(i)}), true);
    s.now += 1'000;
  }
}

void check_gone(stage& s, const std::string& topic) {
  const auto view = s.store->view();
  CHECK(view->max({{topic}, {0}}).value == 0);
  CHECK(s.bodies(topic, 0).empty());
  const auto queues = view->queues();
  CHECK(std::none_of(queues.begin(), queues.end(),
                     [&](const local_queue& queue) { return queue.topic.value == topic; }));
  const auto folders = s.directory.folders("consumequeue");
  REQUIRE(folders);
  CHECK(std::count(folders->begin(), folders->end(), topic) == 0);
}

int found_by_key(stage& s, const std::string& topic, const std::string& key) {
  const auto found = s.store->view()->query({{topic}, key, 10, 0, INT64_MAX});
  REQUIRE(found);
  return found->count;
}

std::string remembered(stage& s) {
  const auto text = s.directory.read_small(deletions_path);
  REQUIRE(text);
  return text->value_or("");
}

} // namespace

TEST_CASE("deleted_topics: what lies before the end of the log at the deletion is gone for good") {
  test::faulty_directory directory;
  {
    deleted_topics deletions{directory};
    REQUIRE(deletions.load());
    CHECK(deletions.newest().value == 0);
    CHECK_FALSE(deletions.covers("orders", {0}));
    REQUIRE(deletions.add("orders", {500}));
    REQUIRE(deletions.add("bills", {800}));
    REQUIRE(deletions.add("orders", {1'000})); // made and deleted again
  }
  directory.lose_unsynced();
  deleted_topics deletions{directory};
  REQUIRE(deletions.load());
  CHECK(deletions.newest().value == 1'000);
  CHECK(deletions.covers("orders", {999}));
  CHECK_FALSE(deletions.covers("orders", {1'000}));
  CHECK_FALSE(deletions.covers("bills", {800}));
  CHECK_FALSE(deletions.covers("others", {0}));
}

TEST_CASE("deleted_topics: a deletion is forgotten before the log's begin, and ends with the log") {
  test::faulty_directory directory;
  deleted_topics deletions{directory};
  REQUIRE(deletions.add("orders", {500}));
  REQUIRE(deletions.add("bills", {1'000}));
  REQUIRE(deletions.confine({500}, {900}));
  CHECK(deletions.all().log_ends.size() == 1);
  CHECK(deletions.covers("bills", {899}));
  CHECK_FALSE(deletions.covers("bills", {900}));
  deleted_topics again{directory};
  REQUIRE(again.load());
  CHECK(again.all() == deletions.all());
}

TEST_CASE("deleted_topics: a file that cannot be read is named, and one that cannot be written "
          "changes nothing") {
  test::faulty_directory directory;
  deleted_topics deletions{directory};
  directory.now.refused_below = "config";
  CHECK_FALSE(deletions.add("orders", {500}));
  CHECK_FALSE(deletions.covers("orders", {0}));
  directory.now.refused_below = {};
  REQUIRE(directory.write_small(deletions_path, "{"));
  const auto loaded = deletions.load();
  REQUIRE_FALSE(loaded);
  CHECK(code_of(loaded.error()) == errc::store_corrupt);
  CHECK(sentence(loaded.error()).find(deletions_path) != std::string::npos);
}

TEST_CASE("message_store: a deleted topic that ends the log stays deleted over a clean stop, and "
          "little is read again") {
  for (int first : {0, 5}) { // where its records begin in the part that no queue vouches for
    CAPTURE(first);
    stage s;
    send_some(s, "orders", 0, first);
    send_some(s, "bills", 0, 100);
    send_some(s, "orders", first, first + 100);
    REQUIRE(s.store->remove_topic({"orders"}));
    check_gone(s, "orders");
    restart(s, ending::stop);
    check_gone(s, "orders");
    CHECK(s.bodies("bills", 0) == numbered(0, 100));
    CHECK(s.store->recovered().records < few_records);
    CHECK(s.send(batch_of("orders", 0, {"new"})).first_offset.value == 0);
    CHECK(s.bodies("orders", 0) == std::vector<std::string>{"new"});
  }
}

TEST_CASE(
  "message_store: a deleted topic stays deleted over a crash, and a kill has little read again") {
  for (auto how : {ending::kill, ending::power_cut}) {
    CAPTURE(static_cast<int>(how));
    stage s;
    for (int i = 0; i < 100; ++i) {
      send_some(s, "orders", i, i + 1);
      send_some(s, "bills", i, i + 1);
    }
    s.flush(true);
    REQUIRE(s.store->remove_topic({"orders"}));
    restart(s, how);
    check_gone(s, "orders");
    CHECK(s.bodies("bills", 0) == numbered(0, 100));
    // The checkpoint is not synced: a power cut may take the newest one.
    if (how == ending::kill) CHECK(s.store->recovered().records < few_records);
    CHECK(found_by_key(s, "orders", "99") == 0);
    CHECK(found_by_key(s, "bills", "99") == 1);
  }
}

TEST_CASE("message_store: a deleted topic does not come back where everything is made anew from "
          "the log") {
  stage s;
  send_some(s, "orders", 0, 40);
  send_some(s, "bills", 0, 40);
  REQUIRE(s.store->remove_topic({"orders"}));
  REQUIRE(s.store->close());
  s.store.reset();
  REQUIRE(s.directory.remove("consumequeue"));
  s.open();
  CHECK(s.store->recovered().records == 80);
  check_gone(s, "orders");
  CHECK(s.bodies("bills", 0) == numbered(0, 40));
}

TEST_CASE("message_store: of a topic that was deleted and made again the new messages come back, "
          "and no others") {
  for (auto how : {ending::stop, ending::kill, ending::power_cut})
    for (bool is_flushed : {false, true}) {
      CAPTURE(static_cast<int>(how));
      CAPTURE(is_flushed);
      stage s;
      send_some(s, "orders", 0, 20);
      send_some(s, "bills", 0, 20);
      if (is_flushed) s.flush(true);
      REQUIRE(s.store->remove_topic({"orders"}));
      send_some(s, "orders", 100, 105);
      send_some(s, "bills", 20, 40);
      restart(s, how);
      CHECK(s.store->view()->bounds({{"orders"}, {0}}).min.value == 0);
      CHECK(s.bodies("orders", 0) == numbered(100, 105));
      CHECK(s.bodies("bills", 0) == numbered(0, 40));
      CHECK(s.send(batch_of("orders", 0, {"body 105"})).first_offset.value == 5);
      restart(s, ending::kill);
      CHECK(s.bodies("orders", 0) == numbered(100, 106));
      CHECK(s.bodies("bills", 0) == numbered(0, 40));
    }
}

TEST_CASE("message_store: a deletion has everything before it on the disk") {
  stage s;
  send_some(s, "orders", 0, 5);
  for (int i = 5; i < 20; ++i)
    s.send(batch_of("orders", 0, {"body " + std::to_string(i)})); // on no disk yet
  REQUIRE(s.store->remove_topic({"orders"}));
  const auto end = s.store->end();
  restart(s, ending::power_cut);
  check_gone(s, "orders");
  CHECK(s.store->end() == end); // so that its position means no other messages
  send_some(s, "orders", 100, 103);
  restart(s, ending::kill);
  CHECK(s.bodies("orders", 0) == numbered(100, 103));
}

TEST_CASE("message_store: a deletion that a crash cut short is completed by the next start") {
  stage s;
  send_some(s, "orders", 0, 25);
  send_some(s, "bills", 0, 5);
  topic_deletions begun;
  begun.log_ends["orders"] = s.store->end();
  REQUIRE(s.store->close());
  s.store.reset();
  REQUIRE(s.directory.write_small(deletions_path, write_deletions_json(begun)));
  REQUIRE(s.directory.remove("consumequeue/orders/0/" + segment_name(0))); // the first of three
  s.open();
  check_gone(s, "orders");
  CHECK(s.bodies("bills", 0) == numbered(0, 5));
  CHECK(s.store->recovered().records == 0);
}

TEST_CASE("message_store: a deletion that cannot be written down deletes nothing") {
  stage s;
  send_some(s, "orders", 0, 5);
  s.directory.now.refused_below = "config";
  const auto removed = s.store->remove_topic({"orders"});
  REQUIRE_FALSE(removed);
  CHECK(code_of(removed.error()) == errc::io_error);
  CHECK(s.bodies("orders", 0) == numbered(0, 5));
  s.directory.now.refused_below = {};
  REQUIRE(s.store->remove_topic({"orders"}));
  check_gone(s, "orders");
}

TEST_CASE("message_store: a deletion is forgotten when retention has taken the deleted messages") {
  stage s;
  s.config.file_reserved_time = std::chrono::hours{0};
  s.open();
  send_some(s, "orders", 0, 10);
  REQUIRE(s.store->remove_topic({"never there"}));
  CHECK(remembered(s).empty());
  REQUIRE(s.store->remove_topic({"orders"}));
  CHECK(remembered(s).find("orders") != std::string::npos);
  send_some(s, "bills", 0, 60);
  s.flush(true);
  REQUIRE(s.store->clean(s.now, 4));
  REQUIRE(s.store->begin().value > 0);
  CHECK(remembered(s).find("orders") == std::string::npos);
  restart(s, ending::kill);
  check_gone(s, "orders");
  const auto bounds = s.store->view()->bounds({{"bills"}, {0}});
  CHECK(bounds.max.value == 60);
  CHECK(s.bodies("bills", 0, bounds.min.value).back() == "body 59");
}
