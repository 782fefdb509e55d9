#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "messages/groups.hpp"

namespace cafmq {

/// Which member of a group owns which queue of this broker, and how queues move between members so
/// that in a quiet group nothing is delivered twice:
///
///   free   -> owned   the allocation wants an owner
///   owned  -> moving  the allocation wants another owner, or none; the owner is told
///   moving -> free    the owner has released it, or its time is up
///   owned, moving -> free  the owner left, died or was silent for too long
///
/// A queue that is moving stays with its owner until then, whatever the allocation wants meanwhile.
class queue_handover {
public:
  using time_point = std::chrono::steady_clock::time_point;
  /// Members to be told their assignment, sorted.
  using news = std::vector<client_id>;

  struct assignment {
    std::int64_t revision = 0; ///< 0: nothing was ever assigned
    std::vector<local_queue> queues;
  };

  enum class farewell {
    left,   ///< it has stopped and committed
    silent, ///< it died or is not heard of; what it still says of its queues is void
  };

  queue_handover() = default;
  /// A queue that is not released within `release_timeout` is taken. Revisions begin after
  /// `last_revision`.
  queue_handover(std::chrono::milliseconds release_timeout, std::int64_t last_revision)
      : release_timeout_(release_timeout), last_revision_(last_revision) {}

  /// What the allocation wants now. `sharers` are told of their queues even when they get none.
  /// Pre: every wanted owner is in `sharers`.
  news want(const std::vector<client_id>& sharers, const std::map<local_queue, client_id>& owners,
            time_point now);

  /// `client` has stopped to consume the queues that it was asked to give back.
  news release(const client_id& client, const std::vector<local_queue>& queues);

  /// `client` is no member any more. Its queues are free; `want` gives them away.
  void remove(const client_id& client, farewell how);

  /// Takes the queues whose release is overdue.
  news expire(time_point now);

  /// When `expire` has something to do next.
  std::optional<time_point> next_deadline() const;

  assignment assignment_of(const client_id& client) const;

  /// Empty when the queue is free or unknown.
  client_id owner_of(const local_queue& queue) const;

  /// False when the queue was taken from `client` against its will and is not its own again: what
  /// it commits is from before.
  bool may_commit(const client_id& client, const local_queue& queue) const;

private:
  struct entry {
    client_id owner;  ///< empty: free
    client_id wanted; ///< empty: nobody
    client_id evicted;
    std::optional<time_point> deadline; ///< set: moving
  };
  struct member {
    std::int64_t revision = 0;
    std::set<local_queue> queues; ///< owned, without moving ones
  };
  void give(const local_queue& queue, entry& what, std::set<client_id>& told);
  news tell(const std::set<client_id>& told);

  std::chrono::milliseconds release_timeout_{20'000};
  std::int64_t last_revision_ = 0;
  std::map<local_queue, entry> queues_;
  std::map<client_id, member> members_;
};

} // namespace cafmq
