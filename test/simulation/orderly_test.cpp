#include <algorithm>
#include <doctest/doctest.h>
#include <numeric>

#include "support/virtual_cluster.hpp"

using namespace cafmq;
using namespace std::chrono_literals;
using test::heard;
using test::listener_script;
using test::virtual_cluster;

namespace {

consumer_config in_order() {
  consumer_config config;
  config.consumer_group = "billing";
  config.from = consume_from::first_offset;
  config.orderly = true;
  return config;
}

const std::vector<subscription> orders{{{"orders"}, "*", 0}};

struct stage : virtual_cluster {
  explicit stage(std::optional<std::uint64_t> seed = std::nullopt) : virtual_cluster(seed) {
    start_broker();
    create_topic("orders");
    system.advance(1s);
  }
  void pass(std::chrono::milliseconds span) { system.advance(span); }

  /// Offsets of one queue in the order in which they were consumed.
  std::vector<std::int64_t> order_of(std::int32_t queue) const {
    std::vector<std::int64_t> offsets;
    for (const auto& one : log)
      if (one.queue.id.value == queue) offsets.push_back(one.offset);
    return offsets;
  }
};

std::vector<std::int64_t> up_to(std::int64_t count) {
  std::vector<std::int64_t> offsets(static_cast<std::size_t>(count));
  std::iota(offsets.begin(), offsets.end(), 0);
  return offsets;
}

} // namespace

TEST_CASE("O2 orderly: per queue one message after the other, in the order of offsets") {
  stage s;
  s.consume("m1", in_order(), orders);
  s.consume("m2", in_order(), orders);
  s.pass(1s);
  s.send_many("orders", 100);
  s.pass(10s);
  for (int queue = 0; queue < 4; ++queue)
    CHECK(s.order_of(queue) == up_to(25));
  CHECK(s.committed("billing").at(3) == 25);
}

TEST_CASE("O2, C8 orderly: a failure holds its queue, and only that") {
  stage s;
  auto script = std::make_shared<listener_script>();
  bool broken = true;
  script->consume = [&](const heard& one) { return !(broken && one.body == "5"); };
  s.consume("m1", in_order(), orders, script);
  s.pass(1s);
  s.send_many("orders", 40);
  s.pass(30s);
  CHECK(s.order_of(1) == up_to(1)); // "5" is its second message
  CHECK(s.order_of(0) == up_to(10));
  CHECK(s.committed("billing").at(1) == 1);
  broken = false;
  s.pass(1s);
  CHECK(s.order_of(1) == up_to(10));
}

TEST_CASE(
  "O3 orderly: who cannot renew its lock stops within 30 s, long before the next one starts") {
  stage s;
  auto slow = std::make_shared<listener_script>();
  s.consume("m1", in_order(), orders, slow);
  s.pass(1s);
  s.send("orders", 0, "before");
  s.pass(1s);
  s.consume("m2", in_order(), orders);
  s.pass(1s);
  auto mine = s.owners("billing");
  std::int32_t queue = mine.at(0) == "m1" ? 0 : 3;
  REQUIRE(mine.at(queue) == "m1");
  s.silence("m1");
  auto silent_since = s.system.now();
  for (int i = 0; i < 150; ++i) {
    s.send("orders", queue, std::to_string(i));
    s.pass(1s);
  }
  caf::actor_clock::time_point last_of_first{}, first_of_second{};
  for (const auto& one : s.log) {
    if (one.queue.id.value != queue) continue;
    if (one.consumer == "m1") last_of_first = one.at;
    if (one.consumer == "m2" && first_of_second == caf::actor_clock::time_point{})
      first_of_second = one.at;
  }
  CHECK(last_of_first < silent_since + 31s);
  CHECK(first_of_second > silent_since + 60s);
}

TEST_CASE("O4 orderly: after a crash the next owner repeats from the last commit, in order") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    stage s{seed};
    s.consume("m1", in_order(), orders);
    s.consume("m2", in_order(), orders);
    s.pass(1s);
    s.send_many("orders", 40);
    s.pass(6s);
    s.send_many("orders", 40);
    s.kill_process("m1");
    s.send_many("orders", 40);
    s.pass(80s);
    for (int queue = 0; queue < 4; ++queue) {
      std::int64_t furthest = -1, repeats = 0;
      for (auto offset : s.order_of(queue)) {
        CHECK(offset <= furthest + 1);
        if (offset <= furthest) ++repeats;
        furthest = std::max(furthest, offset);
      }
      CHECK(furthest == 29);
      CHECK(repeats <= 10);
    }
  }
}

TEST_CASE("O5 orderly: inside a queue order stays when the broker restarts or queues are added") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    stage s{seed};
    s.consume("m1", in_order(), orders);
    s.consume("m2", in_order(), orders);
    s.pass(1s);
    s.send_many("orders", 40);
    s.alter_topic("orders", 6, 6);
    s.pass(1s);
    s.send_many("orders", 60, 6);
    s.kill_broker("broker-a");
    s.pass(5s);
    s.start_broker();
    s.pass(40s);
    s.send_many("orders", 60, 6);
    s.pass(40s);
    for (int queue = 0; queue < 6; ++queue) {
      std::int64_t furthest = -1;
      for (auto offset : s.order_of(queue)) {
        CHECK(offset <= furthest + 1);
        furthest = std::max(furthest, offset);
      }
      CHECK(furthest == (queue < 4 ? 29 : 19));
    }
  }
}
