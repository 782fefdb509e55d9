#include <doctest/doctest.h>

#include "actors/producer_group/producer_group_actor.hpp"
#include "support/deterministic_system.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

struct fixture {
  test::deterministic_system system;
  producer_group_handle group = spawn_producer_group(system.system(), broker_config{}, {"g"});
  test::probe producer = system.spawn_probe();

  void join() {
    CHECK(system.ask_from<group_joined>(producer, group, join_producer_group{{"g"}, {"p"}}));
  }
  std::int32_t members() { return system.ask<group_summary>(group, get_group_summary{})->members; }
};

TEST_CASE_FIXTURE(fixture, "producer_group: a member is out at once when its process ends") {
  join();
  join();
  CHECK(members() == 1);
  system.kill(producer);
  CHECK(members() == 0);
}

TEST_CASE_FIXTURE(fixture, "producer_group: a silent member is out after 120 s and a scan") {
  join();
  system.advance(119s);
  CHECK(members() == 1);
  system.advance(12s);
  CHECK(members() == 0);
  join(); // and may come back
  CHECK(members() == 1);
}

TEST_CASE_FIXTURE(fixture, "producer_group: who leaves is out, and its death is nothing new") {
  join();
  CHECK(system.ask_from<group_left>(producer, group, leave_producer_group{{"g"}, {"p"}}));
  CHECK(members() == 0);
  system.kill(producer);
  CHECK(members() == 0);
}

} // namespace
} // namespace cafmq
