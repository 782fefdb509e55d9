#include <doctest/doctest.h>
#include <map>
#include <string>

#include "actors/consumer_group/consumer_group_actor.hpp"
#include "actors/metadata_store/metadata_store_actor.hpp"
#include "support/deterministic_system.hpp"
#include "support/memory_files.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

using ids = std::vector<std::int32_t>;

local_queue queue(std::int32_t id) { return {{"orders"}, {id}}; }

/// A member that answers for itself: joins, beats, gives back what it is told to.
struct member {
  std::string client;
  test::probe probe;
};

struct fixture {
  test::deterministic_system system;
  broker_config config;
  std::shared_ptr<test::memory_files> disk = std::make_shared<test::memory_files>();
  metadata_store_handle metadata =
    spawn_metadata_store(system.system(), placement::shared_thread,
                         {load_metadata(test::memory_files::port(disk))->tables,
                          test::memory_files::port(disk), system.clock()});
  test::probe host = system.spawn_probe();
  consumer_group_handle group = start("g");
  member a{"a", system.spawn_probe()};
  member b{"b", system.spawn_probe()};

  consumer_group_handle start(const std::string& name) {
    auto stored = system.ask<committed_offsets>(metadata, load_offsets{{name}});
    auto result = spawn_consumer_group(system.system(), config,
                                       {{name},
                                        stored->positions,
                                        metadata,
                                        host.as<group_host_handle>(),
                                        [](const local_queue&) {
                                          return queue_bounds{{2}, {100}, 0, 0};
                                        },
                                        system.clock()});
    system.settle();
    return result;
  }
  join_consumer_group join_of(const member& who) {
    join_consumer_group request;
    request.group = {"g"};
    request.client = {who.client};
    request.subscriptions = {{{"orders"}, "*", 0}};
    return request;
  }
  caf::expected<group_joined> join(const member& who) {
    return system.ask_from<group_joined>(who.probe, group, join_of(who));
  }
  /// The broker tells of `count` queues of its own.
  void tell_queues(std::int32_t count = 4) {
    topic_queues_changed news{{"orders"}, {}};
    for (std::int32_t i = 0; i < count; ++i)
      news.queues.push_back({{"orders"}, {"broker-a"}, {i}});
    system.send(group, news);
  }
  void join_both() {
    join(a);
    tell_queues();
    join(b);
    release(a, {2, 3});
  }
  queue_assignment assignment(const member& who) {
    return who.probe.last<queue_assignment>().value_or(queue_assignment{});
  }
  ids queues_of(const member& who) {
    ids result;
    auto newest = assignment(who);
    for (const auto& assigned : newest.queues)
      result.push_back(assigned.queue.id.value);
    return result;
  }
  void release(const member& who, const ids& queues, std::int64_t offset = -1) {
    release_queues notice{{"g"}, {who.client}, {}};
    for (auto id : queues)
      notice.queues.push_back({queue(id), {offset}});
    system.send_from(who.probe, group, notice);
  }
  void commit(const member& who, std::int32_t id, std::int64_t offset) {
    CHECK(system.ask_from<offsets_committed>(
      who.probe, group, commit_offsets{{"g"}, {who.client}, {{queue(id), {offset}}}}));
  }
  std::int64_t committed(std::int32_t id) {
    auto answer = system.ask<committed_offsets>(group, fetch_offsets{{"g"}, {queue(id)}});
    return answer->positions.at(0).offset.value;
  }
  ids lock(const member& who, const ids& queues) {
    lock_queues request{{"g"}, {who.client}, {}};
    for (auto id : queues)
      request.queues.push_back(queue(id));
    ids held;
    auto answer = system.ask_from<locked_queues>(who.probe, group, request);
    for (const auto& one : answer->queues)
      held.push_back(one.id.value);
    return held;
  }
};

TEST_CASE_FIXTURE(fixture, "consumer_group: a first member asks for the queues and gets them all") {
  REQUIRE(join(a));
  REQUIRE(host.last<watch_topics>());
  CHECK(host.last<watch_topics>()->topics == std::vector<topic_name>{{"orders"}});
  CHECK_FALSE(a.probe.last<queue_assignment>()); // nothing is known yet
  tell_queues();
  CHECK(queues_of(a) == ids{0, 1, 2, 3});
  CHECK(assignment(a).broker == broker_name{"broker-a"});
  CHECK(assignment(a).queues.front().committed == no_offset);
}

TEST_CASE_FIXTURE(fixture, "C2 consumer_group: a quiet rebalance waits for the release") {
  join(a);
  tell_queues();
  commit(a, 2, 17);
  join(b);
  CHECK(queues_of(a) == ids{0, 1}); // told to stop the others
  CHECK(queues_of(b).empty());
  system.advance(5s);
  CHECK(queues_of(b).empty());
  release(a, {2, 3}, 42); // stopped, and committed
  CHECK(queues_of(b) == ids{2, 3});
  CHECK(assignment(b).queues.front().committed == queue_offset{42});
}

TEST_CASE_FIXTURE(fixture, "consumer_group: an owner that does not release loses its queues") {
  join(a);
  tell_queues();
  join(b);
  system.advance(19'999ms);
  CHECK(queues_of(b).empty());
  system.advance(1ms);
  CHECK(queues_of(b) == ids{2, 3});
  commit(a, 2, 5); // from before
  release(a, {2, 3}, 5);
  CHECK(committed(2) == -1);
  CHECK(queues_of(b) == ids{2, 3});
}

TEST_CASE_FIXTURE(fixture, "C15 consumer_group: a killed member's queues move at once") {
  join_both();
  system.kill(b.probe);
  CHECK(queues_of(a) == ids{0, 1, 2, 3}); // no time passed
  CHECK(system.ask<group_summary>(group, get_group_summary{})->members == 1);
}

TEST_CASE_FIXTURE(fixture,
                  "C15 consumer_group: a frozen member's queues move after 120 s and a scan") {
  join_both();
  auto frozen_at = system.now();
  while (system.now() - frozen_at < 119s) {
    system.advance(1s);
    if ((system.now() - frozen_at) % 30s == 0s) join(a);
    REQUIRE(queues_of(a) == ids{0, 1});
  }
  join(a);
  system.advance(12s);
  CHECK(queues_of(a) == ids{0, 1, 2, 3});
}

TEST_CASE_FIXTURE(fixture, "C4 consumer_group: a member that thaws does not set its heirs back") {
  join_both();
  commit(b, 2, 50);
  system.advance(100s);
  join(a);
  system.advance(31s);
  REQUIRE(queues_of(a) == ids{0, 1, 2, 3});
  commit(a, 2, 90);
  commit(b, 2, 55); // b thaws; its timers fire first
  CHECK(committed(2) == 90);
  REQUIRE(join(b)); // and it is back
  CHECK(queues_of(a) == ids{0, 1});
  release(a, {2, 3}, 95);
  CHECK(queues_of(b) == ids{2, 3});
  commit(b, 2, 96);
  CHECK(committed(2) == 96);
}

TEST_CASE_FIXTURE(fixture,
                  "C4 consumer_group: a member that thaws sets no heir back that came later") {
  join(a);
  tell_queues();
  commit(a, 2, 40);
  system.advance(131s); // a is frozen, and nobody else there
  REQUIRE(system.ask<group_summary>(group, get_group_summary{})->members == 0);
  join(b);
  tell_queues();
  REQUIRE(queues_of(b) == ids{0, 1, 2, 3});
  commit(b, 2, 100);
  commit(a, 2, 41);
  CHECK(committed(2) == 100);
  REQUIRE(system.ask_from<group_left>(b.probe, group, leave_consumer_group{{"g"}, {"b"}}));
  commit(a, 2, 42);
  CHECK(committed(2) == 100);
}

TEST_CASE_FIXTURE(fixture, "consumer_group: tools and who chooses its queues commit anything") {
  join_both();
  member c{"c", system.spawn_probe()};
  auto request = join_of(c);
  request.sharing.strategy = "NONE";
  REQUIRE(system.ask_from<group_joined>(c.probe, group, request));
  commit(c, 0, 7);
  CHECK(committed(0) == 7);
  commit({"", system.spawn_probe()}, 0, 8);
  CHECK(committed(0) == 8);
}

TEST_CASE_FIXTURE(fixture, "consumer_group: a topic that was deleted and made again is a new one") {
  join_both();
  commit(a, 0, 500);
  system.advance(100ms);
  commit(a, 1, 500); // which the metadata store does not know yet
  system.send(group, forget_topic{{"orders"}});
  CHECK(queues_of(a).empty());
  tell_queues(); // it is there again, and a still at work in the former one
  CHECK(queues_of(a).empty());
  commit(a, 0, 501);
  release(a, {0, 1}, 502);
  CHECK(queues_of(a) == ids{0, 1});
  CHECK(assignment(a).queues.front().committed == no_offset);
  CHECK(committed(1) == -1);
  commit(a, 0, 3);
  system.advance(100ms);
  auto stored = system.ask<committed_offsets>(metadata, load_offsets{{"g"}});
  CHECK(stored->positions == std::vector<queue_position>{{queue(0), {3}}});
}

TEST_CASE_FIXTURE(fixture, "C15 consumer_group: a leaving member's queues move at once") {
  join_both();
  commit(b, 3, 8);
  auto stranger = system.spawn_probe();
  system.ask_from<group_left>(stranger, group, leave_consumer_group{{"g"}, {"b"}});
  CHECK(queues_of(a) == ids{0, 1}); // nobody leaves for another
  REQUIRE(system.ask_from<group_left>(b.probe, group, leave_consumer_group{{"g"}, {"b"}}));
  CHECK(queues_of(a) == ids{0, 1, 2, 3});
  CHECK(assignment(a).queues.back().committed == queue_offset{8});
  b.probe.forget();
  system.kill(b.probe); // its end is no news
  CHECK(queues_of(a) == ids{0, 1, 2, 3});
}

TEST_CASE_FIXTURE(fixture,
                  "consumer_group: revisions grow, and heartbeats repeat what may be lost") {
  join_both();
  auto before = assignment(b);
  b.probe.forget();
  auto answer = join(b);
  CHECK(answer->assignment_revision == before.revision);
  CHECK(assignment(b).revision == before.revision);
  CHECK(queues_of(b) == ids{2, 3});
  system.kill(a.probe);
  CHECK(assignment(b).revision > before.revision);
}

TEST_CASE_FIXTURE(fixture, "consumer_group: a second client of the same id has to wait") {
  join(a);
  tell_queues();
  member twin{"a", system.spawn_probe()};
  CHECK(code_of(join(twin).error()) == errc::already_member);
  system.kill(a.probe);
  CHECK(join(twin));
  tell_queues(); // the empty group had unsubscribed
  CHECK(queues_of(twin) == ids{0, 1, 2, 3});
}

TEST_CASE_FIXTURE(fixture, "O5 consumer_group: new queues are given while others move") {
  join_both();
  tell_queues(8);
  CHECK(queues_of(a) == ids{0, 1}); // 2 and 3 are still with b
  CHECK(queues_of(b) == ids{4, 5, 6, 7});
  release(b, {2, 3}, 1);
  CHECK(queues_of(a) == ids{0, 1, 2, 3});
}

TEST_CASE_FIXTURE(fixture,
                  "C3 consumer_group: broadcasting members take all queues by themselves") {
  auto request = join_of(a);
  request.model = message_model::broadcasting;
  CHECK(system.ask_from<group_joined>(a.probe, group, request)->assignment_revision == 0);
  tell_queues();
  CHECK_FALSE(a.probe.last<queue_assignment>());
  CHECK(system.ask<group_summary>(group, get_group_summary{})->model
        == message_model::broadcasting);
}

TEST_CASE_FIXTURE(fixture, "C16 consumer_group: the latest heartbeat's subscription wins for all") {
  join_both();
  auto other = join_of(b);
  other.subscriptions = {{{"payments"}, "*", 1}};
  REQUIRE(system.ask_from<group_joined>(b.probe, group, other));
  CHECK(host.last<watch_topics>()->topics == std::vector<topic_name>{{"payments"}});
  system.send(group, topic_queues_changed{{"payments"}, {{{"payments"}, {"broker-a"}, {0}}}});
  CHECK(assignment(a).queues == std::vector<assigned_queue>{{{{"payments"}, {0}}, no_offset}});
  CHECK(assignment(b).queues.empty());
  auto summary = system.ask<group_summary>(group, get_group_summary{});
  CHECK(summary->subscriptions == other.subscriptions);
}

TEST_CASE_FIXTURE(fixture, "O3 consumer_group: only the owner of a queue locks it, and alone") {
  join_both();
  CHECK(lock(a, {0, 1, 2}) == ids{0, 1});
  CHECK(lock(b, {0, 2}) == ids{2});
  CHECK(lock({"stranger", system.spawn_probe()}, {0}).empty());
}

TEST_CASE_FIXTURE(fixture, "O3 consumer_group: the next owner waits for the lock of one who lost") {
  join(a);
  tell_queues();
  CHECK(lock(a, {0, 1, 2, 3}) == ids{0, 1, 2, 3});
  join(b);
  system.advance(10s);
  CHECK(lock(a, {2, 3}) == ids{2, 3}); // still busy, so it renews
  system.advance(10s);                 // releaseTimeout: b owns them now
  CHECK(queues_of(b) == ids{2, 3});
  CHECK(lock(a, {2, 3}).empty()); // a stops within 30 s of its last renewal
  CHECK(lock(b, {2, 3}).empty());
  system.advance(50s);
  CHECK(lock(b, {2, 3}).empty());
  system.advance(1ms);
  CHECK(lock(b, {2, 3}) == ids{2, 3});
}

TEST_CASE_FIXTURE(fixture, "O4 consumer_group: locks go with a release, an unlock or a death") {
  join(a);
  tell_queues();
  lock(a, {0, 1, 2, 3});
  join(b);
  release(a, {2, 3}, 7);
  CHECK(lock(b, {2, 3}) == ids{2, 3});
  system.send_from(b.probe, group, unlock_queues{{"g"}, {"b"}, {queue(2)}});
  system.kill(b.probe);
  CHECK(queues_of(a) == ids{0, 1, 2, 3});
  CHECK(assignment(a).queues.at(2).committed == queue_offset{7}); // the last persisted offset
  CHECK(lock(a, {2, 3}) == ids{2, 3});
}

TEST_CASE_FIXTURE(fixture, "C4 consumer_group: offsets survive the death of the group's actor") {
  join(a);
  tell_queues();
  commit(a, 0, 11);
  commit(a, 1, 12);
  commit(a, 0, 9); // lower ones count
  system.advance(100ms);
  auto before = assignment(a).revision;
  system.kill(group);
  group = start("g");
  CHECK(committed(0) == 9);
  CHECK(committed(1) == 12);
  CHECK(committed(2) == -1);
  a.probe.forget();
  join(a);                                       // its next heartbeat
  CHECK_FALSE(a.probe.last<queue_assignment>()); // keeps what it has, until the queues are known
  tell_queues();
  CHECK(queues_of(a) == ids{0, 1, 2, 3});
  CHECK(assignment(a).queues.front().committed == queue_offset{9});
  CHECK(assignment(a).revision > before);
}

TEST_CASE_FIXTURE(fixture, "C4 consumer_group: a clean end saves what changed last") {
  commit(a, 0, 11);
  system.kill(group, caf::exit_reason::user_shutdown);
  group = start("g");
  CHECK(committed(0) == 11);
}

TEST_CASE_FIXTURE(fixture, "C6 consumer_group: another group's progress and failures are its own") {
  join_both();
  auto other = start("h");
  auto request = join_of(a);
  request.group = {"h"};
  member c{"a", system.spawn_probe()}; // the same client id is somebody else there
  REQUIRE(system.ask_from<group_joined>(c.probe, other, request));
  system.ask_from<offsets_committed>(c.probe, other,
                                     commit_offsets{{"h"}, {"a"}, {{queue(0), {77}}}});
  CHECK(committed(0) == -1);
  commit(a, 0, 5);
  auto answer = system.ask<committed_offsets>(other, fetch_offsets{{"h"}, {queue(0)}});
  CHECK(answer->positions.at(0).offset == queue_offset{77});
  auto before = assignment(a).revision;
  system.kill(c.probe);
  system.kill(other);
  CHECK(assignment(a).revision == before);
}

TEST_CASE_FIXTURE(fixture, "consumer_group: a description names owners, offsets and bounds") {
  join_both();
  commit(a, 1, 30);
  system.advance(3s);
  auto description = system.ask<group_description>(group, describe_group{{"g"}});
  REQUIRE(description);
  CHECK(description->summary.members == 2);
  REQUIRE(description->members.size() == 2);
  CHECK(description->members[1].client == client_id{"b"});
  CHECK(description->members[1].queues == std::vector<local_queue>{queue(2), queue(3)});
  CHECK(description->members[1].silent_ms == 3'000);
  REQUIRE(description->queues.size() == 4);
  CHECK(description->queues[1].owner == client_id{"a"});
  CHECK(description->queues[1].committed == queue_offset{30});
  CHECK(description->queues[1].min == queue_offset{2});
  CHECK(description->queues[1].max == queue_offset{100});
}

TEST_CASE_FIXTURE(fixture, "consumer_group: without members it still describes its offsets") {
  commit({"tool", system.spawn_probe()}, 3, 30);
  auto description = system.ask<group_description>(group, describe_group{{"g"}});
  REQUIRE(description->queues.size() == 1);
  CHECK(description->queues[0].owner == client_id{});
  CHECK(description->queues[0].committed == queue_offset{30});
}

TEST_CASE("C15 consumer_group: a hundred histories of deaths leave every queue with a survivor") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    CAPTURE(seed);
    test::deterministic_system system{seed};
    auto chance = system.random();
    auto host = system.spawn_probe();
    auto nobody = system.spawn_probe();
    auto group = spawn_consumer_group(system.system(), broker_config{},
                                      {{"g"},
                                       {},
                                       nobody.as<metadata_store_handle>(),
                                       host.as<group_host_handle>(),
                                       [](const local_queue&) { return queue_bounds{}; },
                                       system.clock()});
    std::map<std::string, test::probe> living;
    topic_queues_changed news{{"orders"}, {}};
    for (std::int32_t i = 0; i < 6; ++i)
      news.queues.push_back({{"orders"}, {"broker-a"}, {i}});
    for (int step = 0; step < 12; ++step) {
      auto client = std::string(1, static_cast<char>('a' + chance() % 4));
      if (auto known = living.find(client); known != living.end() && chance() % 2 == 0) {
        system.kill(known->second);
        living.erase(known);
      } else {
        if (known == living.end()) known = living.emplace(client, system.spawn_probe()).first;
        join_consumer_group request;
        request.group = {"g"};
        request.client = {client};
        request.subscriptions = {{{"orders"}, "*", 0}};
        REQUIRE(system.ask_from<group_joined>(known->second, group, request));
      }
      system.send(group, news);
      system.advance(std::chrono::milliseconds(chance() % 8'000)); // nobody is silent for 120 s
    }
    system.advance(21s); // all who would not release have lost
    std::map<local_queue, int> owners;
    for (const auto& [client, probe] : living) {
      auto newest = probe.last<queue_assignment>();
      REQUIRE(newest);
      for (const auto& assigned : newest->queues)
        ++owners[assigned.queue];
    }
    if (living.empty()) continue;
    CHECK(owners.size() == 6);
    for (const auto& [which, count] : owners)
      CHECK(count == 1);
  }
}

} // namespace
} // namespace cafmq
