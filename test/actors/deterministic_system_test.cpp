#include <doctest/doctest.h>
#include <vector>

#include "actors/load.hpp"
#include "actors/safe_actor.hpp"
#include "messages/name_server.hpp"
#include "support/deterministic_system.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

// A name server that counts its own ticks (as list_topics) and answers with as many topics.
caf::behavior ticking(caf::event_based_actor* self, caf::timespan every) {
  make_safe(self);
  auto ticks = std::make_shared<std::size_t>(0);
  self->delayed_send(self, every, list_topics{});
  return {
    [=](const list_topics&) {
      ++*ticks;
      self->delayed_send(self, every, list_topics{});
    },
    [=](const get_cluster_info&) { return topic_list{std::vector<topic_name>(*ticks)}; },
  };
}

TEST_CASE("deterministic_system: every tick of a timer happens at its time") {
  test::deterministic_system system;
  auto actor = system.spawn(ticking, caf::timespan{10s});
  const auto before = system.wall_now();
  system.advance(125s);
  auto ticks = system.ask<topic_list>(actor, get_cluster_info{});
  REQUIRE(ticks);
  CHECK(ticks->topics.size() == 12);
  CHECK(system.wall_now() == before + 125'000);
}

TEST_CASE("deterministic_system: a request to a dead actor fails at once") {
  test::deterministic_system system;
  auto actor = system.spawn(ticking, caf::timespan{10s});
  system.kill(actor);
  CHECK(code_of(system.ask<topic_list>(actor, get_cluster_info{}).error()) == errc::client_closed);
}

TEST_CASE("deterministic_system: a probe keeps what it is told and can be monitored") {
  test::deterministic_system system;
  auto probe = system.spawn_probe();
  system.send(probe.as<>(), get_topic_route{{"orders"}});
  REQUIRE(probe.received<get_topic_route>().size() == 1);
  CHECK(probe.last<get_topic_route>()->topic.value == "orders");
  CHECK_FALSE(probe.last<list_topics>());
}

TEST_CASE("deterministic_system: one seed gives one history") {
  auto run = [](std::uint64_t seed) {
    test::deterministic_system system{seed};
    for (int i = 0; i < 5; ++i)
      system.spawn(ticking, caf::timespan{10s});
    system.advance(10min);
    return system.trace();
  };
  CHECK(run(7) == run(7));
}

TEST_CASE("byte_gauge: room is taken, refused, and given back with the last copy") {
  auto gauge = std::make_shared<byte_gauge>(100);
  auto first = gauge->take(60);
  auto copy = first;
  CHECK(gauge->take(41) == nullptr);
  auto second = gauge->take(40);
  CHECK(gauge->used() == 100);
  first.reset();
  CHECK(gauge->take(1) == nullptr);
  copy.reset();
  second.reset();
  CHECK(gauge->used() == 0);
  auto giant = gauge->take(500);
  CHECK(giant != nullptr);
  CHECK(gauge->take(1) == nullptr);
}

} // namespace
} // namespace cafmq
