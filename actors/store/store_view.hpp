#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "messages/admin.hpp"
#include "messages/consuming.hpp"
#include "messages/message.hpp"

namespace cafmq {

class store_core;

/// How much one read may return. The first message is returned whatever its size.
struct read_limits {
  std::int32_t count_max = 32;
  std::int32_t bytes_max = 256 * 1024;
};

/// The read side of a store, for any thread, while the commit log's thread writes it. Copies share
/// one store; a copy held after the store was closed still reads what was there.
///
/// Reads are memory copies while the bytes are in the page cache, and wait for the disk otherwise:
/// see `is_cold`.
class store_view {
public:
  explicit store_view(std::shared_ptr<const store_core> core) : core_(std::move(core)) {}

  /// Where the queue begins and ends, without a look at any message; 0 and 0 when it is unknown.
  struct queue_range {
    queue_offset min;
    queue_offset max;
  };
  queue_range range(const local_queue& queue) const;

  /// The same with the store times of its oldest and newest message.
  queue_bounds bounds(const local_queue& queue) const;

  /// The messages from `from` on that pass the filter, as one block. At most
  /// max(maxFilterMessageSize / 20, count_max) units are examined, so `next` may have advanced
  /// although nothing passed (no_matched_message). `from` below the minimum or above the maximum
  /// gives offset_illegal with `next` at the nearer end; at the maximum no_new_message. Error:
  /// io_error.
  caf::expected<pulled_messages> read(const local_queue& queue, queue_offset from,
                                      const read_limits& limits, const tag_filter& filter) const;

  /// The answer to a pull where it needs no disk; nullopt where it might, or where reading failed:
  /// then it is the cold reader's.
  std::optional<pulled_messages> read_resident(const pull_messages& pull) const;

  /// Whether reading there would probably wait for the disk; such reads belong to the cold reader.
  bool is_cold(const local_queue& queue, queue_offset from, const read_limits& limits) const;

  /// LOWER: the smallest offset whose store time is >= `timestamp`, the maximum when there is none.
  /// UPPER: the largest offset whose store time is <= `timestamp`, the minimum when there is none.
  queue_offset search(const local_queue& queue, wall_time_ms timestamp,
                      time_boundary boundary) const;

  /// The record that begins at `position`. Error: message_not_found.
  caf::expected<found_messages> view(log_position position) const;

  /// Messages of a topic with a key or unique key, oldest first, no more than maxMsgsNumBatch.
  /// Error: message_not_found.
  caf::expected<found_messages> find_by_key(const query_messages& query) const;

  /// Every queue that the store has, sorted.
  std::vector<local_queue> list_queues() const;

  log_position log_min() const;
  /// The end of what may be read: all below is indexed and, under SYNC_FLUSH, synced.
  log_position log_max() const;

private:
  std::shared_ptr<const store_core> core_;
};

} // namespace cafmq
