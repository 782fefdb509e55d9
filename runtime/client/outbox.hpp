#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

#include "actors/client/outgoing.hpp"

namespace cafmq {

/// Where a program's threads leave their sends for the producer actor: encoded one behind another
/// into one buffer a topic. The actor is told once an accumulation, not once a message; senders are
/// held back while too much is unacknowledged.
class outbox {
public:
  struct limits {
    std::int64_t messages_max = 100'000;
    std::int64_t bytes_max = 64 * 1024 * 1024; ///< exceeded by the last send that found room
    bool block_when_full = true;
  };
  enum class put_result { left, full, shut };

  /// `wake` tells the actor to take what is here; it is called without a lock.
  outbox(limits bounds, std::function<void()> wake) : limits_(bounds), wake_(std::move(wake)) {}

  /// Leaves a send; `encode(drafts)` appends its records, one call at a time. One that holds room
  /// waits for it, or is refused with `full`, unless a `client_scope` says that this thread must
  /// not wait. `send` is moved from only when the result is `left`.
  template <class Encode>
  put_result put(const topic_name& topic, outgoing& send, Encode encode);

  /// Everything that was left since the last call.
  std::vector<outgoing_run> take();
  void release(std::int64_t messages, std::int64_t bytes);
  /// Waits until no send holds room.
  void await_empty();
  /// Takes no more sends.
  void shut();

private:
  put_result await_room(std::unique_lock<std::mutex>& lock, const outgoing& send);
  outgoing_run& run_of(const topic_name& topic);

  const limits limits_;
  const std::function<void()> wake_;
  std::mutex mutex_;
  std::condition_variable room_;
  std::vector<outgoing_run> runs_;
  std::size_t last_run_bytes_ = 0; // the next run is likely to get as large
  bool woken_ = false;
  bool shut_ = false;
  std::int64_t messages_ = 0; // that hold room
  std::int64_t bytes_ = 0;
};

/// While one lives, its thread runs a function of the program for the client, and must not wait for
/// what only the return of that function can bring about.
class client_scope {
public:
  enum class kind : std::uint8_t {
    none,
    callback, ///< room is free again, and a producer closed, only after it
    selector, ///< in the thread of the sockets: nothing can be sent or answered before it returns
  };

  explicit client_scope(kind of) : outer_(std::exchange(current(), of)) {}
  ~client_scope() { current() = outer_; }
  client_scope(const client_scope&) = delete;
  client_scope& operator=(const client_scope&) = delete;

  static bool is_active() { return current() != kind::none; }
  static bool is_in(kind of) { return current() == of; }

private:
  static kind& current() {
    thread_local kind value = kind::none;
    return value;
  }

  const kind outer_;
};

template <class Encode>
outbox::put_result outbox::put(const topic_name& topic, outgoing& send, Encode encode) {
  bool tell = false;
  {
    std::unique_lock lock{mutex_};
    if (auto room = await_room(lock, send); room != put_result::left) return room;
    auto& run = run_of(topic);
    auto before = run.drafts.size();
    encode(run.drafts);
    send.bytes = static_cast<std::uint32_t>(run.drafts.size() - before);
    if (send.holds_room) {
      messages_ += send.count;
      bytes_ += send.bytes;
    }
    run.sends.push_back(std::move(send));
    tell = !std::exchange(woken_, true);
  }
  if (tell) wake_();
  return put_result::left;
}

} // namespace cafmq
