#include <algorithm>
#include <doctest/doctest.h>
#include <memory>
#include <numeric>
#include <utility>

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

/// Consumes a message a second: each fails at first, and comes again after suspendCurrentQueueTime.
std::shared_ptr<listener_script> slow() {
  auto script = std::make_shared<listener_script>();
  script->consume = [failed = std::int64_t{-1}](const heard& one) mutable {
    return std::exchange(failed, one.offset) == one.offset;
  };
  return script;
}

/// Two members; "m1", which is slow, has fetched more from one of its queues than it consumes in
/// three minutes, so that pulls play no part in what it does next.
struct backlog_stage : stage {
  backlog_stage() {
    consume("m1", in_order(), orders, slow());
    consume("m2", in_order(), orders);
    pass(1s);
    auto owner = owners("billing");
    queue = owner.at(0) == "m1" ? 0 : 3;
    REQUIRE(owner.at(queue) == "m1");
    for (int i = 0; i < 200; ++i)
      send("orders", queue, std::to_string(i));
    pass(10s);
  }

  /// When a member consumed messages of the queue.
  std::vector<caf::actor_clock::time_point> times_of(const std::string& member) const {
    std::vector<caf::actor_clock::time_point> times;
    for (const auto& one : log)
      if (one.consumer == member && one.queue.id.value == queue) times.push_back(one.at);
    return times;
  }

  std::int32_t queue = 0;
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
  "O3 orderly: who cannot renew its lock stops within 30 s, though it is a member with messages") {
  backlog_stage s;
  s.lose_locks("m1");
  auto lost = s.system.now();
  s.pass(150s);
  CHECK(s.owners("billing").at(s.queue) == "m1");
  auto times = s.times_of("m1");
  REQUIRE_FALSE(times.empty());
  CHECK(times.back() > lost + 8s); // it was renewed 20 s before at most
  CHECK(times.back() < lost + 30s);
  // As soon as it gets the lock again it goes on.
  s.lose_locks("m1", false);
  s.pass(40s);
  CHECK(s.times_of("m1").back() > lost + 150s);
  CHECK(s.times_of("m2").empty());
}

TEST_CASE("O3 orderly: who is cut off stops long before the next one starts") {
  backlog_stage s;
  s.silence("m1");
  auto lost = s.system.now();
  s.pass(150s);
  CHECK(s.owners("billing").at(s.queue) == "m2");
  auto first = s.times_of("m1"), second = s.times_of("m2");
  REQUIRE_FALSE(first.empty());
  REQUIRE_FALSE(second.empty());
  CHECK(first.back() > lost + 8s);
  CHECK(first.back() < lost + 30s);
  CHECK(second.front() > lost + 60s);
}

TEST_CASE("O3 orderly: a queue taken by force is consumed when its lock has run out, not before") {
  stage s;
  auto hanging = std::make_shared<listener_script>();
  hanging->hangs = true;
  s.consume("m1", in_order(), orders, hanging);
  s.pass(1s);
  s.send_many("orders", 4);
  s.consume("m2", in_order(), orders);
  s.pass(25s); // queueReleaseTimeout: 20 s
  auto owners = s.owners("billing");
  CHECK(owners.at(owners.at(0) == "m1" ? 3 : 0) == "m2");
  s.pass(30s);
  CHECK(s.bodies("m2").empty());
  s.pass(10s); // m1 renewed its locks a minute ago
  CHECK(s.bodies("m2").size() == 2);
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
