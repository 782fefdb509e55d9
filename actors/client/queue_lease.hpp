#pragma once

#include <chrono>

namespace cafmq {

/// An orderly consumer's belief in its queue lock. The broker keeps a lock for 60 s; the member
/// believes in it for 30 s after the last renewal, so it stops well before anybody else may start.
class queue_lease {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit queue_lease(std::chrono::milliseconds expiry = std::chrono::seconds{30})
      : expiry_(expiry) {}

  bool held(time_point now) const { return locked_ && now < renewed_ + expiry_; }
  time_point ends() const { return renewed_ + expiry_; }

  /// The lock was asked for at `asked` and granted. True when it was held without a break: nobody
  /// else can have consumed in between. The break is judged by twice the expiry, RocketMQ's 60 s at
  /// the broker.
  bool granted(time_point asked) {
    bool unbroken = locked_ && asked < renewed_ + 2 * expiry_;
    locked_ = true;
    renewed_ = asked;
    return unbroken;
  }
  /// Somebody else has it.
  void refused() { locked_ = false; }

private:
  std::chrono::milliseconds expiry_;
  bool locked_ = false;
  time_point renewed_{};
};

} // namespace cafmq
