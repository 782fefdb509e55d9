#include "runtime/client/outbox.hpp"

#include <utility>

namespace cafmq {

bool outbox::has_room(std::int64_t messages, std::int64_t bytes) const {
  if (shut_ || messages_ == 0) return true;
  return messages_ + messages <= limits_.messages_max && bytes_ + bytes <= limits_.bytes_max;
}

bool outbox::reserve(std::int64_t messages, std::int64_t bytes) {
  std::unique_lock lock{mutex_};
  if (!has_room(messages, bytes)) {
    if (!limits_.block_when_full) return false;
    room_.wait(lock, [&] { return has_room(messages, bytes); });
  }
  messages_ += messages;
  bytes_ += bytes;
  return true;
}

void outbox::release(std::int64_t messages, std::int64_t bytes) {
  bool tell = false;
  {
    std::lock_guard lock{mutex_};
    messages_ -= messages;
    bytes_ -= bytes;
    // Held-back senders go on when a good part is free, not one by one.
    tell = messages_ <= limits_.messages_max / 2 && bytes_ <= limits_.bytes_max / 2;
  }
  if (tell) room_.notify_all();
}

void outbox::put(outgoing send) {
  bool tell = false;
  {
    std::unique_lock lock{mutex_};
    if (shut_) {
      lock.unlock();
      return fail(
        send, make_error(errc::client_closed, "the producer is closed and takes no more messages"));
    }
    waiting_.push_back(std::move(send));
    tell = !std::exchange(woken_, true);
  }
  if (tell) wake_();
}

std::vector<outgoing> outbox::take() {
  std::lock_guard lock{mutex_};
  woken_ = false;
  return std::exchange(waiting_, {});
}

void outbox::await_empty() {
  std::unique_lock lock{mutex_};
  room_.wait(lock, [&] { return messages_ == 0; });
}

void outbox::shut() {
  {
    std::lock_guard lock{mutex_};
    shut_ = true;
  }
  room_.notify_all();
}

} // namespace cafmq
