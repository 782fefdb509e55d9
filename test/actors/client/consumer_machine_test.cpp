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

const broker_name broker{"broker-a"};
const message_queue first_queue{{"orders"}, broker, {0}};

/// A member with one queue whose start the rule has to choose, at offset 1000.
struct newcomer {
  explicit newcomer(bool auto_commit) {
    auto settings = config();
    settings.auto_commit = auto_commit;
    machine = std::move(*consumer_machine::make({settings, {"m1"}, {{{"orders"}, "*", 0}}}));
    machine->start({}, now);
    machine->link_up(broker, now);
    machine->assigned({{"billing"}, broker, 1, {{{{"orders"}, {0}}, no_offset}}}, now);
    auto question = taken<ask_about_queue>().at(0);
    machine->answered(first_queue, question.ticket, queue_bounds{{100}, {1'000}, 0, 0}, now);
  }
  template <class T>
  std::vector<T> taken() {
    std::vector<T> found;
    for (auto& effect : machine->take_effects())
      if (auto* one = std::get_if<T>(&effect)) found.push_back(std::move(*one));
    return found;
  }
  std::vector<commit_offsets> commits() {
    std::vector<commit_offsets> found;
    for (auto& letter : taken<tell_group>())
      if (auto* one = std::get_if<commit_offsets>(&letter.request)) found.push_back(*one);
    return found;
  }
  /// Messages 1000 to 1003 come and are consumed.
  void consume() {
    auto pull = taken<ask_about_queue>().at(0);
    machine->answered(
      first_queue, pull.ticket,
      pulled_messages{
        pull_status::found, {1'004}, {100}, {1'004}, 4, test::records_between(1'000, 1'003)},
      now);
    for (auto& delivery : taken<deliver_batch>())
      machine->consumed({delivery.batch.delivery, {}, no_offset, {}}, now);
  }

  consumer_machine::time_point now{1h};
  std::unique_ptr<consumer_machine> machine;
};

std::vector<queue_offset> offsets_of(const std::vector<commit_offsets>& commits) {
  std::vector<queue_offset> found;
  for (const auto& commit : commits)
    for (const auto& position : commit.positions)
      found.push_back(position.offset);
  return found;
}

} // namespace

TEST_CASE(
  "C1 consumer_machine: where a new group begins is committed before anything is consumed") {
  for (bool auto_commit : {true, false}) {
    CAPTURE(auto_commit);
    newcomer member{auto_commit};
    CHECK(member.machine->next_tick() <= member.now);
    member.machine->tick(member.now);
    CHECK(offsets_of(member.commits()) == std::vector<queue_offset>{{1'000}});
    member.machine->tick(member.now);
    CHECK(member.commits().empty());
  }
}

TEST_CASE(
  "consumer_machine: what the start rule has chosen is handed over when it is not committed") {
  newcomer member{false};
  member.machine->assigned({{"billing"}, broker, 2, {}}, member.now);
  auto letters = member.taken<tell_group>();
  REQUIRE(std::holds_alternative<release_queues>(letters.back().request));
  const auto& release = std::get<release_queues>(letters.back().request);
  CHECK(release.queues.at(0).offset == queue_offset{1'000});
}

TEST_CASE("consumer_machine: an awaited commit is not done before the broker has the offsets") {
  newcomer member{false};
  member.consume();
  CHECK_FALSE(member.machine->commit_all(member.now));
  auto sent = member.commits();
  CHECK(offsets_of(sent) == std::vector<queue_offset>{{1'004}});
  SUBCASE("what was sent, but not acknowledged, is sent again") {
    CHECK_FALSE(member.machine->commit_all(member.now));
    CHECK(offsets_of(member.commits()) == std::vector<queue_offset>{{1'004}});
    member.machine->committed(broker, sent.at(0));
    CHECK_FALSE(member.machine->commit_all(member.now));
    CHECK(member.commits().empty());
  }
  SUBCASE("without the broker it fails, unless the broker had everything before") {
    member.machine->link_down(broker, member.now);
    CHECK(code_of(member.machine->commit_all(member.now)) == errc::broker_not_exist);
    member.machine->committed(broker, sent.at(0));
    CHECK_FALSE(member.machine->commit_all(member.now));
  }
  SUBCASE("linked again, it fails until the queue is assigned again") {
    member.machine->link_down(broker, member.now);
    member.machine->link_up(broker, member.now);
    CHECK(code_of(member.machine->commit_all(member.now)) == errc::broker_not_exist);
    member.machine->assigned({{"billing"}, broker, 1, {{{{"orders"}, {0}}, {1'000}}}}, member.now);
    CHECK_FALSE(member.machine->commit_all(member.now));
    CHECK(offsets_of(member.commits()) == std::vector<queue_offset>{{1'004}});
  }
}

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
