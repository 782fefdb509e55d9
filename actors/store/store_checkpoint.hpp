#pragma once

#include <algorithm>
#include <caf/expected.hpp>
#include <cstdint>

#include "actors/store/store_directory.hpp"
#include "messages/ids.hpp"

namespace cafmq {

/// How far a store is known to be on the disk: store times of the newest message synced in the log,
/// in the consume queues, and in the key index. The file has 4096 bytes, three big-endian 8-byte
/// values, and zeros (RocketMQ: StoreCheckpoint.java).
struct store_checkpoint {
  wall_time_ms log_time = 0;
  wall_time_ms queue_time = 0;
  wall_time_ms index_time = 0;

  /// Messages stored before this need no second look after a crash. Three seconds earlier than the
  /// least of the times, as in RocketMQ.
  wall_time_ms safe_time(bool with_index) const {
    auto least = std::min(log_time, queue_time);
    if (with_index) least = std::min(least, index_time);
    return std::max<wall_time_ms>(0, least - 3'000);
  }
};

/// Zeros when there is no checkpoint file. Error: io_error.
caf::expected<store_checkpoint> load_checkpoint(store_directory& directory);

/// Writes the checkpoint in place: it is smaller than a sector, so that a crash leaves the former
/// or this one.
caf::expected<store_file_ptr> write_checkpoint(store_directory& directory, store_file_ptr file,
                                               const store_checkpoint& checkpoint);

} // namespace cafmq
