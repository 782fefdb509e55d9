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
  /// waits for it, or is refused with `full`, unless `callback_scope` says that this thread must
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
  bool woken_ = false;
  bool shut_ = false;
  std::int64_t messages_ = 0; // that hold room
  std::int64_t bytes_ = 0;
};

/// While one lives, its thread belongs to the client: it runs a callback of the program, and must
/// not wait for what only that thread can bring about.
class callback_scope {
public:
  callback_scope() { ++depth(); }
  ~callback_scope() { --depth(); }
  callback_scope(const callback_scope&) = delete;
  callback_scope& operator=(const callback_scope&) = delete;

  static bool is_active() { return depth() > 0; }

private:
  static int& depth() {
    thread_local int value = 0;
    return value;
  }
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
