#pragma once

#include <functional>
#include <vector>

#include "actors/ports.hpp"
#include "config/broker_config.hpp"
#include "messages/handles.hpp"

namespace caf {
class actor_system;
}

namespace cafmq {

/// What a consumer group of a broker is built from.
struct consumer_group_parts {
  group_name group;
  std::vector<queue_position> committed; ///< stored offsets
  metadata_store_handle metadata_store;
  group_host_handle host;                                 ///< asked for the queues of topics
  std::function<queue_bounds(const local_queue&)> bounds; ///< for the lag in descriptions
  wall_clock clock;
};

/// Starts a consumer group: it watches its members, shares this broker's queues among them, and
/// keeps their offsets and locks. Changed offsets go to the metadata store within 100 ms and when
/// an exit message ends it.
///
/// After its death a new one starts from the stored offsets; members come back with their next
/// heartbeat. Revisions of assignments go on growing, because they begin at the wall time.
consumer_group_handle spawn_consumer_group(caf::actor_system& system, const broker_config& config,
                                           consumer_group_parts parts);

} // namespace cafmq
