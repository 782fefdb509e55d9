#include <caf/node_id.hpp>
#include <doctest/doctest.h>

#include "runtime/actor_system.hpp"

using namespace cafmq;

// The ids of two systems in one process were equal once in 256 times: a client then found no name
// server, because it asked itself.
TEST_CASE("actor_system: no two living systems of a process share a node id") {
  auto first = make_actor_system({.scheduler_threads = 1});
  auto second = make_actor_system({.scheduler_threads = 1});
  CHECK(first->node() != second->node());
  for (int round = 0; round < 256; ++round) {
    auto passing = make_actor_system({.scheduler_threads = 1});
    REQUIRE(passing->node() != first->node());
    REQUIRE(passing->node() != second->node());
  }
}
