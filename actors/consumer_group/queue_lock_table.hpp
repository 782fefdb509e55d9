#pragma once

#include <chrono>
#include <map>

#include "messages/ids.hpp"
#include "messages/message.hpp"

namespace cafmq {

/// Which orderly member has the exclusive right to which queue of a group (RocketMQ:
/// RebalanceLockManager.java). Kept in memory only.
class queue_lock_table {
public:
  using time_point = std::chrono::steady_clock::time_point;

  queue_lock_table() = default;
  /// A lock that is not renewed for longer than `live_time_max` is free (RocketMQ: 60 s).
  explicit queue_lock_table(std::chrono::milliseconds live_time_max)
      : live_time_max_(live_time_max) {}

  /// Takes or renews a lock; false while another client's lock lives.
  bool lock(const client_id& client, const local_queue& queue, time_point now);

  /// Gives a lock back; another client's stays.
  void unlock(const client_id& client, const local_queue& queue);

  /// The client is gone, and all its locks with it.
  void release(const client_id& client);

private:
  struct entry {
    client_id owner;
    time_point renewed;
  };
  std::chrono::milliseconds live_time_max_{60'000};
  std::map<local_queue, entry> locks_;
};

} // namespace cafmq
