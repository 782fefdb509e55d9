#pragma once

#include <chrono>

#include "actors/metadata_store/metadata_files.hpp"
#include "actors/ports.hpp"
#include "messages/handles.hpp"

namespace caf {
class actor_system;
}

namespace cafmq {

struct metadata_store_parts {
  metadata_tables tables; ///< what `load_metadata` found
  metadata_files files;
  wall_clock clock;
  /// How often changed offsets are written (RocketMQ: flushConsumerOffsetInterval, 5 s).
  std::chrono::milliseconds flush_interval{5'000};
};

/// Starts the writer of config/*.json. Topics and groups are on disk when it answers; offsets
/// within the flush interval, on `flush_metadata`, and when it ends by an exit message.
metadata_store_handle spawn_metadata_store(caf::actor_system& system, placement where,
                                           metadata_store_parts parts);

} // namespace cafmq
