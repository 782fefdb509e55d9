#include <algorithm>
#include <doctest/doctest.h>

#include "support/virtual_cluster.hpp"

using namespace cafmq;
using namespace std::chrono_literals;
using test::heard;
using test::listener_script;
using test::virtual_cluster;

namespace {

consumer_config group(std::string name, consume_from from = consume_from::first_offset) {
  consumer_config config;
  config.consumer_group = std::move(name);
  config.from = from;
  return config;
}

std::vector<subscription> orders(std::string expression = "*") {
  return {{{"orders"}, std::move(expression), 0}};
}

/// The numbers 0..count-1, each once.
std::multiset<std::string> numbers(int count) {
  std::multiset<std::string> all;
  for (int i = 0; i < count; ++i)
    all.insert(std::to_string(i));
  return all;
}

bool contains_all(const std::multiset<std::string>& found, int count) {
  auto all = numbers(count);
  return std::all_of(all.begin(), all.end(),
                     [&](const auto& body) { return found.contains(body); });
}

struct stage : virtual_cluster {
  explicit stage(std::optional<std::uint64_t> seed = std::nullopt) : virtual_cluster(seed) {
    start_broker();
    create_topic("orders");
    system.advance(1s);
  }
  void pass(std::chrono::milliseconds span) { system.advance(span); }
};

} // namespace

TEST_CASE("C2 consuming: in a quiet group each message comes to one member, once") {
  stage s;
  s.consume("m1", group("billing"), orders());
  s.consume("m2", group("billing"), orders());
  s.pass(1s);
  s.send_many("orders", 200);
  s.pass(10s);
  CHECK(s.bodies() == numbers(200));
  CHECK(s.bodies("m1").size() == 100);
  CHECK(s.committed("billing")
        == std::map<std::int32_t, std::int64_t>{{0, 50}, {1, 50}, {2, 50}, {3, 50}});
}

TEST_CASE("C2 consuming: members that come and go in turn repeat nothing") {
  stage s;
  auto first = s.consume("m1", group("billing"), orders());
  s.send_many("orders", 40);
  auto second = s.consume("m2", group("billing"), orders());
  s.send_many("orders", 40);
  s.pass(2s);
  s.close(first);
  s.send_many("orders", 40);
  s.consume("m3", group("billing"), orders());
  s.pass(2s);
  s.close(second);
  s.pass(1s);
  CHECK(s.bodies().size() == 120);
  CHECK(s.owners("billing")
        == std::map<std::int32_t, std::string>{{0, "m3"}, {1, "m3"}, {2, "m3"}, {3, "m3"}});
}

TEST_CASE("C1, C15 consuming: a killed member's queues move at once, and no message is lost") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    stage s{seed};
    s.consume("m1", group("billing"), orders());
    s.consume("m2", group("billing"), orders());
    s.pass(1s);
    s.send_many("orders", 100);
    s.kill_process("m1"); // no time passes from here on
    s.system.settle();
    for (const auto& [queue, owner] : s.owners("billing"))
      CHECK(owner == "m2");
    s.send_many("orders", 100);
    s.pass(1s);
    CHECK(contains_all(s.bodies(), 100));
    CHECK(s.bodies("m2").size() >= 150);
  }
}

TEST_CASE("C15 consuming: a silent member's queues move after 120 s and the next scan") {
  stage s;
  s.consume("m1", group("billing"), orders());
  s.consume("m2", group("billing"), orders());
  s.pass(1s);
  s.silence("m1");
  s.pass(89s); // its last heartbeat was up to 30 s before
  CHECK(s.owners("billing").at(0) == "m1");
  s.pass(42s);
  for (const auto& [queue, owner] : s.owners("billing"))
    CHECK(owner == "m2");
  s.send_many("orders", 40);
  s.pass(1s);
  CHECK(contains_all(s.bodies("m2"), 40));
  // It speaks again: the group takes it back, and nothing is consumed twice from then on.
  s.silence("m1", false);
  s.pass(60s);
  CHECK(s.owners("billing").at(0) == "m1");
  s.log.clear();
  s.send_many("orders", 40);
  s.pass(10s);
  CHECK(s.bodies() == numbers(40));
}

TEST_CASE("C1 consuming: a broker that dies and comes back is consumed to its end") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    stage s{seed};
    s.consume("m1", group("billing"), orders());
    s.consume("m2", group("billing"), orders());
    s.pass(1s);
    s.send_many("orders", 100);
    s.kill_broker("broker-a");
    s.pass(20s);
    s.start_broker();
    s.pass(40s);
    s.send_many("orders", 100);
    s.pass(10s);
    CHECK(contains_all(s.bodies(), 100));
    CHECK(s.bodies().size() >= 200);
    for (const auto& [queue, offset] : s.committed("billing"))
      CHECK(offset == 50);
  }
}

TEST_CASE(
  "C3 consuming: each broadcasting member gets each message, and failures are not retried") {
  stage s;
  auto broadcast = group("news", consume_from::last_offset);
  broadcast.model = message_model::broadcasting;
  auto failing = std::make_shared<listener_script>();
  failing->consume = [](const heard& one) { return one.body != "7"; };
  s.consume("m1", broadcast, orders());
  s.consume("m2", broadcast, orders(), failing);
  s.pass(1s);
  s.send_many("orders", 40);
  s.pass(120s);
  CHECK(s.bodies("m1") == numbers(40));
  auto others = numbers(40);
  others.erase("7");
  CHECK(s.bodies("m2") == others);
}

TEST_CASE("C4 consuming: after a crash only what came after the last commit is repeated") {
  stage s;
  s.consume("m1", group("billing"), orders());
  s.pass(1s);
  s.send_many("orders", 100);
  s.pass(5s); // committed by the member
  s.send_many("orders", 8);
  s.kill_process("m1");
  s.log.clear();
  s.consume("m2", group("billing"), orders());
  s.pass(1s);
  CHECK(s.bodies() == numbers(8));

  // The broker writes offsets every 5 s, too: after its crash a group repeats 10 s at most.
  s.send_many("orders", 100);
  s.pass(11s);
  s.send_many("orders", 4);
  s.kill_process("m2");
  s.kill_broker("broker-a");
  s.start_broker();
  s.log.clear();
  s.consume("m3", group("billing"), orders());
  s.pass(5s);
  CHECK(contains_all(s.bodies(), 4));
  CHECK(s.bodies().size() == 4);
}

TEST_CASE("C6 consuming: a group that fails does not hold up another") {
  stage s;
  auto failing = std::make_shared<listener_script>();
  failing->consume = [](const heard&) { return false; };
  s.consume("m1", group("billing"), orders(), failing);
  s.consume("m2", group("shipping"), orders());
  s.pass(1s);
  s.send_many("orders", 40);
  s.pass(10s);
  CHECK(s.bodies("m1").empty());
  CHECK(s.bodies("m2") == numbers(40));
  for (const auto& [queue, offset] : s.committed("billing"))
    CHECK(offset == 0); // C5
}

TEST_CASE("C8 consuming: a failing message comes again and again, alone, until it succeeds") {
  stage s;
  int refused = 0;
  std::vector<std::int32_t> times;
  auto script = std::make_shared<listener_script>();
  script->consume = [&](const heard& one) {
    if (one.body != "5") return true;
    times.push_back(one.reconsume_times);
    return ++refused > 3;
  };
  s.consume("m1", group("billing"), orders(), script);
  s.pass(1s);
  s.send_many("orders", 40);
  s.system.settle();
  auto others = numbers(40);
  others.erase("5");
  CHECK(s.bodies() == others);
  s.pass(7s); // 1 s + 2 s + 4 s
  CHECK(s.bodies() == numbers(40));
  CHECK(times == std::vector<std::int32_t>{0, 1, 2, 3});
}

TEST_CASE(
  "C9, C11 consuming: exactly the wanted tags, though two have one hash; offsets pass the rest") {
  stage s;
  s.consume("m1", group("billing"), orders("Aa || paid"));
  s.pass(1s);
  int sent = 0;
  for (const char* tag : {"Aa", "BB", "paid", "", "other", "BB", "Aa"})
    s.send("orders", 0, std::to_string(sent++), tag);
  s.pass(6s);
  CHECK(s.bodies() == std::multiset<std::string>{"0", "2", "6"});
  CHECK(s.committed("billing").at(0) == 7);
  for (int i = 0; i < 5; ++i)
    s.send("orders", 0, "unwanted", "other");
  s.pass(21s); // the next pull's time is up, then the next commit
  CHECK(s.committed("billing").at(0) == 12);
}

TEST_CASE("C12 consuming: a new group begins where it says, an old one where it was") {
  stage s;
  s.send("orders", 0, "old");
  s.pass(60min);
  auto middle = s.system.wall_now();
  s.send("orders", 0, "new");
  s.consume("first", group("first"), orders());
  auto last = s.consume("last", group("last", consume_from::last_offset), orders());
  auto by_time = group("time", consume_from::timestamp);
  by_time.consume_timestamp = middle;
  s.consume("time", by_time, orders());
  s.consume("half", group("half", consume_from::timestamp), orders()); // half an hour ago
  s.pass(1s);
  CHECK(s.bodies("first") == std::multiset<std::string>{"old", "new"});
  CHECK(s.bodies("last") == std::multiset<std::string>{"old", "new"}); // a young queue
  CHECK(s.bodies("time") == std::multiset<std::string>{"new"});
  CHECK(s.bodies("half") == std::multiset<std::string>{"new"});
  s.close(last);
  s.send("orders", 0, "newest");
  s.log.clear();
  s.consume("again", group("last", consume_from::first_offset), orders());
  s.pass(1s);
  CHECK(s.bodies("again") == std::multiset<std::string>{"newest"});
}

TEST_CASE("C12 consuming: a topic that was deleted and made again is new to its groups") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    stage s{seed};
    s.consume("m1", group("billing"), orders());
    auto idle = s.consume("m2", group("shipping"), orders());
    s.send_many("orders", 200);
    s.pass(6s);
    s.close(idle); // its group is without members then
    REQUIRE(s.committed("shipping").at(0) == 50);
    s.remove_topic("orders");
    s.create_topic("orders");
    s.log.clear();
    s.send_many("orders", 40);
    s.pass(1s);
    s.consume("m3", group("shipping"), orders());
    s.pass(10s);
    CHECK(s.bodies("m1") == numbers(40));
    CHECK(s.bodies("m3") == numbers(40));
    for (const auto* name : {"billing", "shipping"})
      for (const auto& [queue, offset] : s.committed(name))
        CHECK(offset == 10);
  }
}

TEST_CASE("C13 consuming: a waiting pull is answered as soon as a message matches") {
  stage s;
  s.consume("m1", group("billing"), orders("paid"));
  s.pass(3min); // many pulls have come and gone empty
  s.send("orders", 2, "unwanted", "other");
  s.send("orders", 2, "wanted", "paid");
  s.system.settle();
  REQUIRE(s.log.size() == 1);
  CHECK(s.log[0].at == s.system.now());
}

TEST_CASE(
  "C16 consuming: members that subscribe differently: the latest heartbeat counts for all") {
  stage s;
  s.create_topic("bills");
  s.consume("m1", group("billing"), orders());
  s.pass(1s);
  s.consume("m2", group("billing"), {{{"bills"}, "*", 0}});
  s.pass(1s);
  auto topics = [&] {
    std::vector<std::string> names;
    for (const auto& subscription : s.describe("billing").summary.subscriptions)
      names.push_back(subscription.topic.value);
    return names;
  };
  CHECK(topics() == std::vector<std::string>{"bills"});
  s.pass(28500ms); // m1 beats 30 s after it joined, m2 a second later
  CHECK(topics() == std::vector<std::string>{"orders"});
  CHECK(s.log.empty());
}

TEST_CASE("consuming: a queue moves when its listener is done, or after queueReleaseTimeout") {
  stage s;
  auto slow = std::make_shared<listener_script>();
  slow->hangs = true;
  s.consume("m1", group("billing"), orders(), slow);
  s.pass(1s);
  s.send_many("orders", 4);
  s.consume("m2", group("billing"), orders());
  s.pass(19s);
  CHECK(s.bodies("m2").empty());
  s.pass(3s);
  CHECK(s.bodies("m2").size() == 2);
}

TEST_CASE("consuming: several topics, several brokers, and a topic made later") {
  stage s;
  s.start_broker("broker-b");
  s.create_topic("orders");
  s.pass(30s);
  s.consume("m1", group("billing"), {{{"orders"}, "*", 0}, {{"later"}, "*", 0}});
  s.consume("m2", group("billing"), {{{"orders"}, "*", 0}, {{"later"}, "*", 0}});
  s.pass(1s);
  s.send("orders", 1, "a", "", "broker-a");
  s.send("orders", 1, "b", "", "broker-b");
  s.create_topic("later", 2);
  s.pass(60s);
  s.send("later", 0, "c");
  s.send("later", 1, "d", "", "broker-b");
  s.pass(1s);
  CHECK(s.bodies() == std::multiset<std::string>{"a", "b", "c", "d"});
  CHECK_FALSE(s.bodies("m1").empty());
  CHECK_FALSE(s.bodies("m2").empty());
}

TEST_CASE("consuming: a listener actor that dies takes its consumer out of the group") {
  stage s;
  s.consume("m1", group("billing"), orders());
  s.consume("m2", group("billing"), orders());
  s.pass(1s);
  s.kill_listener("m1");
  s.pass(10s);
  for (const auto& [queue, owner] : s.owners("billing"))
    CHECK(owner == "m2");
}
