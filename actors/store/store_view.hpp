#pragma once

#include <caf/expected.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/admin.hpp"
#include "messages/consuming.hpp"
#include "messages/message.hpp"

namespace cafmq {

struct store_contents;

/// The reading side of a store, for any thread. Shows what is published: written, indexed and,
/// under SYNC_FLUSH, synced.
class store_view {
public:
  explicit store_view(std::shared_ptr<const store_contents> contents)
      : contents_(std::move(contents)) {}

  /// Zeros for a queue that has never had a message.
  queue_bounds bounds(const local_queue& queue) const;
  /// Where the queue's next message will go, without a look at any message.
  queue_offset max(const local_queue& queue) const;
  /// Messages from `request.from` on, as many as its limits and the examined limit
  /// (maxFilterMessageSize) allow; waits for nothing. Error: io_error.
  caf::expected<pulled_messages> read(const pull_messages& request) const;
  /// The same where it needs no disk; nullopt where it might, or where reading failed: then it is
  /// the cold reader's.
  std::optional<pulled_messages> read_resident(const pull_messages& request) const;
  /// Whether `read` would touch parts of the log that are likely no longer in memory.
  bool is_cold(const pull_messages& request) const;
  /// The offset for a time, within min..max (RocketMQ 5: ConsumeQueue.getOffsetInQueueByTime).
  queue_offset search(const local_queue& queue, wall_time_ms time, time_boundary boundary) const;
  /// The record that begins at `position`. Error: message_not_found.
  caf::expected<found_messages> view_message(log_position position) const;
  /// Records whose key has the hash of `query.key`, ascending. Error: io_error.
  caf::expected<found_messages> query(const query_messages& query) const;
  std::vector<local_queue> queues() const;

private:
  wall_time_ms store_time(log_position position) const;

  std::shared_ptr<const store_contents> contents_;
};

} // namespace cafmq
