#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
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
///   owned  -> moving  the allocation wants another owner, or none, or the topic was deleted; the
///                     owner is told
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

  /// The topic was deleted: its owners are told to give its queues back. What they commit until
  /// then is void, even if there is a topic of that name again.
  news forget(const topic_name& topic, time_point now);

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

  /// False while another member owns the queue, and when a free one was taken from `client` against
  /// its will: what it commits is from before. The empty client, a tool, may always.
  bool may_commit(const client_id& client, const local_queue& queue) const;

  /// Takings by force that are remembered; the oldest are forgotten first.
  static constexpr std::size_t evictions_max = 10'000;

private:
  struct entry {
    client_id owner;                    ///< empty: free
    client_id wanted;                   ///< empty: nobody
    std::optional<time_point> deadline; ///< set: moving
    bool is_void = false;               ///< the owner has it from a topic that was deleted since
  };
  struct eviction {
    client_id client;
    local_queue queue;

    bool operator==(const eviction&) const = default;
  };
  struct member {
    std::int64_t revision = 0;
    std::set<local_queue> queues; ///< owned, without moving ones
  };
  void give(const local_queue& queue, entry& what, std::set<client_id>& told);
  void ask_back(const local_queue& queue, entry& what, time_point now, std::set<client_id>& told);
  void evict(const local_queue& queue, entry& what);
  news tell(const std::set<client_id>& told);

  std::chrono::milliseconds release_timeout_{20'000};
  std::int64_t last_revision_ = 0;
  std::map<local_queue, entry> queues_;
  std::map<client_id, member> members_;
  std::deque<eviction> evictions_; ///< oldest first; read only for queues that nobody owns
};

} // namespace cafmq
