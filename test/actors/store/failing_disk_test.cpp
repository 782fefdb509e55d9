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
