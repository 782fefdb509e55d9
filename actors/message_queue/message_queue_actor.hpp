#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "actors/load.hpp"
#include "config/broker_config.hpp"
#include "messages/handles.hpp"

namespace caf {
class actor_system;
}

namespace cafmq {

/// What a queue of a broker is built from.
struct message_queue_parts {
  local_queue queue;
  /// Answers a pull of this queue from the store, as if it could not wait; nullopt where that would
  /// read from a disk, which is the cold reader's part. Called where the actor runs.
  std::function<std::optional<pulled_messages>(const pull_messages&)> read;
  commit_log_handle commit_log;
  cold_reader_handle cold_reader;
  std::shared_ptr<broker_counters> counters;
  caf::execution_unit* home = nullptr; ///< where it runs; null: on the scheduler's workers
};

/// Starts a queue: sends go on to the commit log, which answers them; pulls are read from the
/// store, and wait here when there is nothing to read yet. It asks the commit log for
/// `queue_advanced` by itself. An exit message ends it and answers the waiting pulls with
/// service_not_available.
///
/// A waiting pull whose client died is not noticed; it costs one read in vain, and goes at its
/// deadline, at the latest after longPollingMaxMs. To monitor each sender would cost two messages
/// across nodes a pull.
message_queue_handle spawn_message_queue(caf::actor_system& system, const broker_config& config,
                                         message_queue_parts parts);

} // namespace cafmq
