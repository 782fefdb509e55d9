#include <algorithm>
#include <doctest/doctest.h>

#include "actors/client/consumer_machine.hpp"
#include "actors/client/consumer_world.hpp"
#include "messages/errors.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

namespace {

consumer_config config(bool orderly = false) {
  consumer_config result;
  result.consumer_group = "billing";
  result.orderly = orderly;
  result.pull_batch_size = 16;
  result.pull_threshold_for_queue = 40;
  result.consume_concurrently_max_span = 60;
  result.local_retry_backoff = 100ms;
  result.local_retry_backoff_max = 400ms;
  result.suspend_current_queue_time = 50ms;
  return result;
}

/// Messages arrive while everything else happens, too.
void append_some(test::consumer_world& world) {
  static const char* tags[] = {"", "Aa", "BB", "paid"};
  for (int i = 0; i < 3; ++i)
    world.append(static_cast<int>(world.below(world.queues.size())), tags[world.below(4)]);
}

} // namespace

TEST_CASE("C2 consumer_machine: without faults each wanted message is consumed exactly once") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    test::consumer_world world{seed, config(seed % 2 == 0), 4, "*"};
    world.calm();
    world.add("m1");
    for (int i = 0; i < 400; ++i) {
      if (i < 200) append_some(world);
      world.step();
    }
    world.settle(20s);
    world.check_all_consumed();
    for (const auto& queue : world.queues) {
      for (const auto& [offset, times] : queue.times)
        CHECK(times == 1);
      CHECK(queue.committed == static_cast<std::int64_t>(queue.tags.size()));
    }
  }
}

TEST_CASE("C1, C5, C8 consumer_machine: failures, moved queues, cuts and crashes lose no message") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    CAPTURE(seed);
    test::consumer_world world{seed, config(), 4, seed % 3 == 0 ? "Aa || paid" : "*"};
    world.add("m1");
    world.add("m2");
    int joined = 2;
    for (int i = 0; i < 800; ++i) {
      if (i < 400 && i % 2 == 0) append_some(world);
      auto& any = std::next(world.members.begin(),
                            static_cast<std::ptrdiff_t>(world.below(world.members.size())))
                    ->second;
      switch (world.below(60)) {
        case 0: world.share(); break;
        case 1: world.cut(any); break;
        case 2:
          if (!any.linked) world.link(any);
          break;
        case 3:
          if (world.members.size() > 1) world.crash(any.name);
          break;
        case 4:
          if (world.members.size() < 4) world.add("m" + std::to_string(++joined));
          break;
        default: world.step();
      }
    }
    for (auto& [name, who] : world.members)
      if (!who.linked) world.link(who);
    world.calm();
    world.share();
    world.settle(60s);
    world.check_all_consumed();
    for (const auto& queue : world.queues)
      CHECK(queue.committed == static_cast<std::int64_t>(queue.tags.size())); // C11
  }
}

TEST_CASE("O2 consumer_machine: in order, a later message never overtakes a failed one") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    test::consumer_world world{seed, config(true), 3, seed % 3 == 0 ? "paid" : "*"};
    world.add("m1");
    world.add("m2");
    for (int i = 0; i < 1'500; ++i) {
      if (i < 300) append_some(world);
      if (world.below(100) == 0)
        world.share();
      else
        world.step();
    }
    world.calm();
    world.settle(60s);
    world.check_all_consumed();
    for (const auto& queue : world.queues) {
      CHECK(std::is_sorted(queue.order.begin(), queue.order.end()));
      for (const auto& [offset, times] : queue.times)
        CHECK(times == 1); // queues moved only by hand-over
    }
  }
}

TEST_CASE(
  "O4 consumer_machine: after cuts an orderly queue repeats, but skips and disorders nothing") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    test::consumer_world world{seed, config(true), 3, "*"};
    world.add("m1");
    world.add("m2");
    for (int i = 0; i < 1'500; ++i) {
      if (i < 300) append_some(world);
      auto& any = world.members.at(world.below(2) == 0 ? "m1" : "m2");
      switch (world.below(80)) {
        case 0: world.cut(any); break;
        case 1:
          if (!any.linked) world.link(any);
          break;
        default: world.step();
      }
    }
    for (auto& [name, who] : world.members)
      if (!who.linked) world.link(who);
    world.calm();
    world.share();
    world.settle(60s);
    world.check_all_consumed();
    for (const auto& queue : world.queues) {
      // A step forward is to the very next message; steps back are repeats.
      std::int64_t furthest = -1;
      for (auto offset : queue.order) {
        CHECK(offset <= furthest + 1);
        furthest = std::max(furthest, offset);
      }
    }
  }
}

TEST_CASE("consumer_machine: closing waits for listeners, commits, and gives everything back") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    test::consumer_world world{seed, config(seed % 2 == 0), 3, "*"};
    auto& only = world.add("m1");
    for (int i = 0; i < 200; ++i) {
      append_some(world);
      world.step();
    }
    only.machine->close(world.now);
    world.settle(4s);
    CHECK(only.closed);
    CHECK(only.batches.empty());
    for (const auto& queue : world.queues) {
      CHECK(queue.owner.empty());
      // What was consumed in one piece from the start is committed.
      std::int64_t unconsumed = 0;
      while (queue.times.count(unconsumed) != 0)
        ++unconsumed;
      CHECK(queue.committed == (queue.times.empty() && queue.committed < 0 ? -1 : unconsumed));
    }
  }
}

TEST_CASE("consumer_machine: closing gives up on a listener that hangs, after awaitTermination") {
  test::consumer_world world{1, config(), 1, "*"};
  auto& only = world.add("m1");
  for (int i = 0; i < 10; ++i)
    world.append(0, "");
  while (only.batches.empty())
    world.step();
  auto hanging = std::move(only.batches);
  only.batches.clear();
  only.machine->close(world.now);
  world.settle(4s);
  CHECK_FALSE(only.closed);
  world.settle(2s);
  CHECK(only.closed);
  CHECK(world.queues[0].committed <= 0);
  for (const auto& [id, batch] : hanging)
    CHECK(batch.wanted.revoked());
}

TEST_CASE("consumer_machine: a group without a name and a filter without tags are refused") {
  consumer_setup setup;
  setup.config.consumer_group = "";
  CHECK(code_of(consumer_machine::make(setup).error()) == errc::invalid_parameter);
  setup.config.consumer_group = "billing";
  setup.subscriptions = {{{"orders"}, "||", 0}};
  CHECK(code_of(consumer_machine::make(setup).error()) == errc::subscription_parse_failed);
}
