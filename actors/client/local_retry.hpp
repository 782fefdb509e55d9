#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "messages/byte_block.hpp"
#include "messages/ids.hpp"

namespace cafmq {

/// The wait before a failed message is delivered again: doubled with each failure up to a limit.
struct retry_backoff {
  std::chrono::milliseconds first{1'000};
  std::chrono::milliseconds longest{60'000};

  /// Pre: failures >= 1.
  std::chrono::milliseconds after(std::int32_t failures) const;
};

/// Messages of one queue whose listener failed, each waiting by itself for its next delivery; the
/// others of the queue go on meanwhile.
class local_retry {
public:
  using time_point = std::chrono::steady_clock::time_point;

  struct waiting_message {
    byte_block record; ///< a copy, so that it does not hold the whole block it came in
    std::int32_t failures = 0;
    time_point due{};
    bool under_way = false;
  };

  explicit local_retry(retry_backoff backoff = {}) : backoff_(backoff) {}

  /// The message failed for the first time.
  void add(queue_offset offset, byte_block record, time_point now);
  /// A redelivery failed, too. Pre: `offset` is under way.
  void failed(queue_offset offset, time_point now);
  /// A redelivery succeeded. Pre: `offset` is under way.
  void succeeded(queue_offset offset);
  /// A redelivery was not tried; it is due at once. Pre: `offset` is under way.
  void untried(queue_offset offset);

  /// Offsets to deliver now, the longest due first; they are under way from here on.
  std::vector<queue_offset> take_due(time_point now);
  const waiting_message& at(queue_offset offset) const { return messages_.at(offset); }
  /// When the next one becomes due; nullopt when none waits.
  std::optional<time_point> next_due() const;
  bool holds(queue_offset offset) const { return messages_.count(offset) != 0; }
  bool empty() const { return messages_.empty(); }

private:
  void wait(queue_offset offset, waiting_message& message, time_point due);

  std::map<queue_offset, waiting_message> messages_;
  retry_backoff backoff_;
  std::set<std::pair<time_point, queue_offset>> waiting_; ///< those not under way
};

} // namespace cafmq
