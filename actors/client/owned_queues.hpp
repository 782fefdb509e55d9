#pragma once

#include <map>
#include <optional>
#include <variant>
#include <vector>

#include "messages/groups.hpp"

namespace cafmq {

struct start_queue {
  message_queue queue;
  queue_offset committed = no_offset;

  bool operator==(const start_queue&) const = default;
};

/// The queue is still ours after a broken link; `committed` tells whether somebody else had it
/// meanwhile.
struct keep_queue {
  message_queue queue;
  queue_offset committed = no_offset;

  bool operator==(const keep_queue&) const = default;
};

/// Consume no more of it; `owned_queues::stopped` follows when its last listener has finished.
struct stop_queue {
  message_queue queue;

  bool operator==(const stop_queue&) const = default;
};

using ownership_change = std::variant<start_queue, keep_queue, stop_queue>;
using ownership_changes = std::vector<ownership_change>;

/// Which queues this consumer owns: by the assignments of their brokers, or all of a list
/// (broadcasting, assigned by the program). A queue that is taken away is stopped first; when it
/// comes back meanwhile it starts again after that.
class owned_queues {
public:
  /// A broker's whole list for this member. One older than the last is ignored.
  ownership_changes assigned(const queue_assignment& assignment);
  /// The broker's link is gone: its next assignment counts afresh, whatever its revision.
  void link_lost(const broker_name& broker);

  /// Exactly these queues, by nobody's assignment.
  ownership_changes replace(const std::vector<message_queue>& queues);
  /// As `replace`, for the queues of one topic.
  ownership_changes replace(const topic_name& topic, const std::vector<message_queue>& queues);

  /// The stop is complete. A queue that is wanted again must be started.
  std::optional<start_queue> stopped(const message_queue& queue);

  /// Newest revision heard from a broker since its link is up; 0: none.
  std::int64_t revision(const broker_name& broker) const;
  bool owns(const message_queue& queue) const;
  std::size_t size() const { return queues_.size(); }

private:
  struct ownership {
    bool stopping = false;
    bool wanted = true;
    queue_offset committed = no_offset; ///< as last assigned
  };

  void want(const message_queue& queue, queue_offset committed, ownership_changes& changes);
  template <class Affects>
  ownership_changes replace_where(std::map<message_queue, queue_offset> wanted, Affects affects);

  std::map<message_queue, ownership> queues_;
  std::map<broker_name, std::int64_t> revisions_;
};

} // namespace cafmq
