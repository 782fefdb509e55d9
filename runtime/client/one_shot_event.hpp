#pragma once

#include <atomic>
#include <cstdint>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace cafmq {

/// One thread waits for one signal of another: a bare futex, because dozens of blocked senders are
/// woken for each batch, and a condition variable would cost each of them a lock as well.
class one_shot_event {
public:
  /// The waiter may destroy the event as soon as it has returned from `wait`.
  void signal() {
    auto* address = &state_;
    state_.store(1, std::memory_order_release);
    ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(address), FUTEX_WAKE_PRIVATE, 1, nullptr,
              nullptr, 0);
  }
  void wait() {
    while (state_.load(std::memory_order_acquire) == 0)
      ::syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&state_), FUTEX_WAIT_PRIVATE, 0,
                nullptr, nullptr, 0);
    if (next_ != nullptr) next_->signal();
  }
  /// The waiter signals `next` before it returns. Call it before `signal`.
  void then(one_shot_event& next) { next_ = &next; }

private:
  std::atomic<std::uint32_t> state_{0};
  one_shot_event* next_ = nullptr;
};

} // namespace cafmq
