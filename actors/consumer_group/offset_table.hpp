#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <vector>

#include "messages/groups.hpp"

namespace cafmq {

/// How far a group is in each queue: its committed offsets, and which of them are not yet with the
/// metadata store.
class offset_table {
public:
  offset_table() = default;
  /// From the stored offsets.
  explicit offset_table(const std::vector<queue_position>& stored);

  /// The last writer wins, lower offsets too (RocketMQ: ConsumerOffsetManager.commitOffset).
  /// Negative ones say nothing. False beyond `queues_max`: nothing was kept.
  bool commit(const queue_position& position);

  /// Drops everything in a topic; false when there was nothing.
  bool forget(const topic_name& topic);

  /// no_offset when nothing is committed.
  queue_offset find(const local_queue& queue) const;

  bool has_changes() const { return !changed_.empty(); }
  /// What changed since the last call, each once.
  std::vector<queue_position> take_changes();

  const std::map<local_queue, queue_offset>& all() const { return offsets_; }

  /// Commits may name any queue, so their number has a limit.
  static constexpr std::size_t queues_max = 100'000;

private:
  std::map<local_queue, queue_offset> offsets_;
  std::set<local_queue> changed_;
};

} // namespace cafmq
