#pragma once

#include <functional>
#include <memory>

#include "actors/load.hpp"
#include "actors/ports.hpp"
#include "config/store_config.hpp"
#include "messages/handles.hpp"

namespace caf {
class actor_system;
}

namespace cafmq {

class message_store;

struct commit_log_parts {
  /// Opened by the owner (`message_store::open`); the actor is its only user from now on. Readers
  /// take `store->view()` before.
  std::shared_ptr<message_store> store;
  std::shared_ptr<broker_counters> counters; ///< null: not counted
  wall_clock clock;
  std::function<int(wall_time_ms)> local_hour; ///< 0..23, for deleteWhen
};

/// Starts the only writer of a store, with a flusher that ends before it. An exit message is the
/// clean stop: whatever was sent before is stored and answered, everything is synced, a flush under
/// way included, and the store is closed. Any other end leaves the store as a crash does; its owner
/// takes the broker down then.
commit_log_handle spawn_commit_log(caf::actor_system& system, placement where,
                                   const store_config& config, commit_log_parts parts);

} // namespace cafmq
