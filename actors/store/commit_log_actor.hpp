#pragma once

#include <memory>

#include "actors/load.hpp"
#include "actors/ports.hpp"
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
  /// Room for sends without a charge of their own; null: no limit here.
  std::shared_ptr<byte_gauge> gauge;
  std::shared_ptr<broker_counters> counters; ///< null: not counted
  wall_clock clock;
};

/// Starts the only writer of a store, with helpers for slow syncs that end with it. An exit message
/// is the clean stop: whatever was sent before is stored and answered, all is synced, and the store
/// is closed. Any other end leaves the store as a crash does; its owner takes the broker down then.
commit_log_handle spawn_commit_log(caf::actor_system& system, placement where,
                                   commit_log_parts parts);

} // namespace cafmq
