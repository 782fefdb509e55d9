// A store whose disk refuses or forgets part of what it is given: nothing acknowledged may be lost
// by it, at no later start either.

#include <doctest/doctest.h>

#include "actors/store/message_store.hpp"
#include "messages/codec/properties.hpp"
#include "support/faulty_directory.hpp"
#include "support/store_stage.hpp"

using namespace cafmq;
using test::batch_of;
using test::numbered;
using stage = test::store_stage<test::faulty_directory>;

namespace {

/// Sends messages for seconds, so that the newest segment is well behind the oldest.
void send_for_a_while(stage& s, int from, int to) {
  for (int i = from; i < to; ++i) {
    s.send(batch_of("orders", 0, {"body " + std::to_string(i)}));
    s.now += 500;
  }
}

std::vector<std::string> found_by_key(stage& s, const std::string& key) {
  query_messages query;
  query.topic = {"orders"};
  query.key = key;
  auto found = s.store->view()->query(query);
  REQUIRE(found);
  std::vector<std::string> bodies;
  for_each_record(found->records.span(), [&](const record_view& r) {
    if (find_property(r.properties, "KEYS") == key) bodies.emplace_back(r.body);
  });
  return bodies;
}

} // namespace

TEST_CASE("L3: units that a queue's file refused are written later, and survive a clean stop") {
  stage s;
  s.send(batch_of("orders", 0, {"body 0"}));
  s.directory.now.refused_below = "consumequeue/orders/0";
  s.flush(true);
  CHECK(s.store->refusal());
  CHECK(s.bodies("orders", 0) == numbered(0, 1));
  s.directory.now.refused_below = {};
  CHECK(s.store->probe());
  s.send(batch_of("orders", 1, {"behind it in the log"})); // and nothing more to queue 0
  REQUIRE(s.store->close());
  s.open();
  CHECK(s.bodies("orders", 0) == numbered(0, 1));
}

TEST_CASE("L3: after a failed sync of queues the checkpoint does not vouch for them") {
  stage s;
  send_for_a_while(s, 0, 40);
  s.directory.now.syncs_fail = true;
  s.flush(true);
  s.directory.now.syncs_fail = false;
  CHECK(s.store->probe());
  send_for_a_while(s, 40, 60);
  s.flush(true);
  s.store.reset();
  // The checkpoint reaches the disk in time; what the failed sync left behind never does.
  REQUIRE((*s.directory.open("checkpoint"))->sync());
  s.directory.lose_unsynced();
  s.open();
  CHECK(s.bodies("orders", 0) == numbered(0, 60));
}

TEST_CASE("L3, L12: a thorough flush that a file refused does not move the checkpoint") {
  for (const auto* refused : {"consumequeue/orders/1", "index"}) {
    CAPTURE(refused);
    stage s;
    s.config.max_index_num = 400; // all keys are in one file
    s.open();
    s.send(batch_of("orders", 1, {"quiet"}));
    send_for_a_while(s, 0, 40);
    s.directory.now.refused_below = refused;
    s.flush(true);
    s.directory.now.refused_below = {};
    s.open(); // a crash before any probe
    CHECK(s.bodies("orders", 1) == std::vector<std::string>{"quiet"});
    CHECK(found_by_key(s, "key-quiet") == std::vector<std::string>{"quiet"});
    CHECK(s.bodies("orders", 0) == numbered(0, 40));
  }
}

TEST_CASE("L3: a stop on a disk that refuses a queue's file is not clean") {
  stage s;
  s.send(batch_of("orders", 1, {"quiet"}));
  send_for_a_while(s, 0, 40);
  s.directory.now.refused_below = "consumequeue/orders/1";
  CHECK_FALSE(s.store->close());
  s.directory.now.refused_below = {};
  s.open();
  CHECK(s.bodies("orders", 1) == std::vector<std::string>{"quiet"});
}

TEST_CASE("D1: a burst is not acknowledged when the flusher's failed sync has lost it") {
  stage s;
  s.send(batch_of("orders", 0, {"body 0"}));
  auto job = s.store->start_flush(false);
  REQUIRE(s.store->append(batch_of("orders", 0, {"lost"}), s.now));
  REQUIRE(s.store->commit());
  s.directory.now.syncs_fail = true;
  auto flushed = cafmq::sync(job);
  REQUIRE_FALSE(flushed);
  s.directory.now.syncs_fail = false;
  CHECK_FALSE(s.store->sync());
  s.store->finish_flush(job, flushed.error());
  CHECK(s.store->probe());
  s.send(batch_of("orders", 0, {"body 1"}), true);
  s.store.reset();
  s.directory.lose_unsynced();
  s.open();
  CHECK(s.bodies("orders", 0) == numbered(0, 2));
}

TEST_CASE("L12: keys that the index refused are entered when it works again") {
  stage s;
  s.directory.now.refused_below = "index";
  s.send(batch_of("orders", 0, {"a"}));
  CHECK(s.store->refusal());
  s.directory.now.refused_below = {};
  CHECK(s.store->probe());
  s.send(batch_of("orders", 0, {"b"}));
  CHECK(found_by_key(s, "key-a") == std::vector<std::string>{"a"});
  CHECK(found_by_key(s, "key-b") == std::vector<std::string>{"b"});
}

TEST_CASE("L4: queues that lost files are made anew from the log, whatever the checkpoint says") {
  for (const auto* lost : {"consumequeue", "consumequeue/orders", "consumequeue/orders/0",
                           "consumequeue/orders/0/00000000000000000200",
                           "consumequeue/orders/0/00000000000000000000"}) {
    CAPTURE(lost);
    stage s;
    send_for_a_while(s, 0, 60);
    s.flush(true);
    send_for_a_while(s, 60, 70);
    s.store.reset();
    REQUIRE(s.directory.remove(lost));
    s.open();
    CHECK(s.bodies("orders", 0) == numbered(0, 70));
  }
}

TEST_CASE("L9: a queue keeps its maximum though its messages expire before its file is written") {
  stage s;
  s.config.file_reserved_time = std::chrono::hours{0};
  s.open();
  s.send(batch_of("bills", 0, {"never again"}));
  for (int i = 0; i < 60; ++i)
    s.send(batch_of("orders", 0, {"body " + std::to_string(i)}));
  REQUIRE(s.store->clean(s.now, 4));
  s.open(); // a crash
  CHECK(s.store->view()->bounds({{"bills"}, {0}}).max.value == 1);
  s.flush(true);
  REQUIRE(s.store->clean(s.now, 4));
  CHECK(s.store->begin().value > 0);
  s.open();
  CHECK(s.store->view()->bounds({{"bills"}, {0}}).min.value == 1);
  CHECK(s.store->view()->bounds({{"bills"}, {0}}).max.value == 1);
}

TEST_CASE("L9: after a failed sync retention goes on when the disk is well again") {
  stage s;
  s.config.file_reserved_time = std::chrono::hours{0};
  s.open();
  send_for_a_while(s, 0, 60);
  s.directory.now.syncs_fail_below = "consumequeue";
  s.flush(true);
  REQUIRE(s.store->clean(s.now, 4));
  CHECK(s.store->begin().value == 0); // nothing vouches for the queues
  s.directory.now.syncs_fail_below = {};
  CHECK(s.store->probe());
  s.flush(true);
  REQUIRE(s.store->clean(s.now, 4));
  CHECK(s.store->begin().value > 0);
  s.store.reset();
  s.directory.lose_unsynced();
  s.open();
  const auto bounds = s.store->view()->bounds({{"orders"}, {0}});
  CHECK(bounds.min.value > 0);
  CHECK(bounds.max.value == 60);
  CHECK(s.bodies("orders", 0, bounds.min.value).back() == "body 59");
}

TEST_CASE(
  "L9: a queue whose messages have all expired keeps its maximum when queues are made anew") {
  for (const int sent : {3, 10, 14}) { // within its first file, up to its end, into the second
    CAPTURE(sent);
    stage s;
    s.config.file_reserved_time = std::chrono::hours{0};
    s.open();
    for (int i = 0; i < sent; ++i)
      s.send(batch_of("bills", 0, {"never again"}));
    send_for_a_while(s, 0, 120);
    s.flush(true);
    REQUIRE(s.store->clean(s.now, 4));
    REQUIRE(s.store->view()->bounds({{"bills"}, {0}}).min.value == sent);
    send_for_a_while(s, 120, 180); // so that a start need not read the whole log
    s.flush(true);
    s.store.reset();
    REQUIRE(s.directory.remove("consumequeue/orders"));
    s.open();
    CHECK(s.store->view()->bounds({{"bills"}, {0}}).max.value == sent);
    CHECK(s.bodies("orders", 0, s.store->view()->bounds({{"orders"}, {0}}).min.value).back()
          == "body 179");
    s.flush(true);
    s.store.reset();
    s.directory.lose_unsynced();
    s.open();
    CHECK(s.store->view()->bounds({{"bills"}, {0}}).min.value == sent);
    CHECK(s.send(batch_of("bills", 0, {"another"})).first_offset.value == sent);
    CHECK(s.bodies("bills", 0, sent) == std::vector<std::string>{"another"});
    s.flush(true);
    s.open();
    CHECK(s.bodies("bills", 0, sent) == std::vector<std::string>{"another"});
  }
}

TEST_CASE("L9: retention that a disk refuses in part is completed by the next round") {
  stage s;
  s.config.file_reserved_time = std::chrono::hours{0};
  s.open();
  for (int i = 0; i < 25; ++i)
    s.send(batch_of("bills", 0, {"expires"}));
  send_for_a_while(s, 0, 60);
  s.flush(true);
  s.directory.now.removals_fail_below = "commitlog";
  CHECK_FALSE(s.store->clean(s.now, 4));
  CHECK(s.store->begin().value == 0); // what is still on the disk is still there
  CHECK(s.bodies("orders", 0) == numbered(0, 60));
  s.directory.now.removals_fail_below = "consumequeue/bills";
  CHECK_FALSE(s.store->clean(s.now, 4));
  const auto begin = s.store->begin();
  CHECK(begin.value > 0);
  CHECK(s.store->view()->bounds({{"orders"}, {0}}).min.value == 0); // not reached
  s.directory.now.removals_fail_below = {};
  REQUIRE(s.store->clean(s.now, 4));
  CHECK(s.store->begin() == begin);
  const auto min = s.store->view()->bounds({{"orders"}, {0}}).min.value;
  CHECK(min > 0);
  CHECK(s.bodies("orders", 0, min).back() == "body 59");
}

TEST_CASE("L5: a log that cannot be mapped is not taken for one that ends there") {
  stage s;
  send_for_a_while(s, 0, 60);
  s.store.reset();
  s.directory.now.maps_fail = true;
  auto refused = message_store::open(s.directory, s.config, {0x7F000001, 10911}, "1", s.now);
  REQUIRE_FALSE(refused);
  CHECK(code_of(refused.error()) == errc::io_error);
  s.directory.now.maps_fail = false;
  s.open();
  CHECK(s.bodies("orders", 0) == numbered(0, 60));
}

TEST_CASE("L9: a disk without room for more lets retention make some") {
  stage s;
  s.config.file_reserved_time = std::chrono::hours{0};
  s.open();
  send_for_a_while(s, 0, 60);
  s.flush(false);
  s.directory.now.bytes_left = 0;
  CHECK_FALSE(s.try_send(batch_of("orders", 0, {"one more"})));
  // Somebody frees a few bytes at a time, until queues and index are written.
  for (std::int64_t left = 16; s.store->is_broken() && left < 100'000; left += 16) {
    s.directory.now.bytes_left = left;
    s.store->probe();
  }
  REQUIRE_FALSE(s.store->is_broken());
  CHECK(s.store->refusal());
  s.directory.now.bytes_left = 200; // a header and a checkpoint are written in their places
  s.flush(true);
  REQUIRE(s.store->clean(s.now, 4));
  CHECK(s.store->begin().value > 0);
  CHECK(s.store->needs_probe());
  s.directory.now.bytes_left = -1; // what retention has freed
  CHECK(s.store->probe());
  CHECK_FALSE(s.store->refusal());
}

TEST_CASE("L9: a file that goes while its sync is in doubt is not waited for") {
  stage s;
  s.send(batch_of("bills", 0, {"never again"}));
  s.send(batch_of("orders", 0, {"body 0"}));
  s.directory.now.syncs_fail = true;
  s.flush(true);
  s.directory.now.syncs_fail = false;
  REQUIRE(s.store->remove_topic({"bills"}));
  CHECK(s.store->probe());
  s.flush(true);
  CHECK_FALSE(s.store->refusal());
}
