#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace cafmq {

/// How many messages travel together to a listener's thread. A hop costs a few microseconds, so
/// quick listeners get long runs; slow ones get short runs, so that all threads have some.
class batch_sizing {
public:
  /// Time in the listener that makes the cost of a hop disappear.
  static constexpr std::chrono::nanoseconds worth_a_hop = std::chrono::microseconds{500};

  /// `threads` work on the batches of one consumer; a listener call takes `batch_max` messages.
  explicit batch_sizing(std::int32_t threads = 1, std::int32_t batch_max = 1)
      : threads_(std::max(threads, 1)), batch_max_(std::max(batch_max, 1)) {}

  /// A listener took so long for `messages` messages.
  void observe(std::int32_t messages, std::chrono::nanoseconds elapsed) {
    if (messages <= 0 || elapsed.count() <= 0) return;
    auto each = std::max<std::int64_t>(elapsed.count() / messages, 1);
    // A slow call counts at once, quick ones gradually: too short a run costs little, too long a
    // one idles threads.
    per_message_ = each > per_message_ ? each : (per_message_ * 7 + each) / 8;
  }

  /// The length of runs for `fetched` messages of one pull; a multiple of the listener's batch.
  std::int32_t run_messages(std::int32_t fetched, bool in_order) const {
    std::int64_t messages = per_message_ > 0 ? worth_a_hop.count() / per_message_
                            : in_order       ? batch_max_
                                             : (fetched + threads_ - 1) / threads_;
    messages = std::clamp<std::int64_t>(messages, 1, std::max(fetched, 1));
    return static_cast<std::int32_t>((messages + batch_max_ - 1) / batch_max_ * batch_max_);
  }

private:
  std::int32_t threads_;
  std::int32_t batch_max_;
  std::int64_t per_message_ = 0; ///< nanoseconds; 0: nothing measured yet
};

} // namespace cafmq
