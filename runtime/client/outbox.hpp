#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "actors/client/outgoing.hpp"

namespace cafmq {

/// Where a program's threads leave their sends for the producer actor. The actor is told once an
/// accumulation, not once a message; senders are held back while too much is unacknowledged.
class outbox {
public:
  struct limits {
    std::int64_t messages_max = 100'000;
    std::int64_t bytes_max = 64 * 1024 * 1024;
    bool block_when_full = true;
  };

  /// `wake` tells the actor to take what is here; it is called without a lock.
  outbox(limits bounds, std::function<void()> wake) : limits_(bounds), wake_(std::move(wake)) {}

  /// Takes room for a send until `release`. Blocks, or returns false, while there is none. A send
  /// larger than all room goes alone.
  bool reserve(std::int64_t messages, std::int64_t bytes);
  void release(std::int64_t messages, std::int64_t bytes);
  /// Leaves a send. After `shut` it ends with client_closed at once.
  void put(outgoing send);
  std::vector<outgoing> take();
  /// Waits until all reserved room is free again.
  void await_empty();
  void shut();

private:
  bool has_room(std::int64_t messages, std::int64_t bytes) const;

  const limits limits_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::vector<outgoing> waiting_;
  bool woken_ = false;
  bool shut_ = false;
  std::int64_t messages_ = 0; // reserved
  std::int64_t bytes_ = 0;
};

} // namespace cafmq
