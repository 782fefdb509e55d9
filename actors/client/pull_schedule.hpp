#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

namespace cafmq {

/// When a queue may be asked something: one question at a time, each with a deadline, because a
/// dead or frozen broker never answers. Answers that come after their deadline are told by their
/// ticket.
class pull_schedule {
public:
  using time_point = std::chrono::steady_clock::time_point;

  bool may_ask(time_point now) const { return !open_ && now >= not_before_; }

  /// A question goes out; its answer will carry `ticket`, which no other question has.
  /// Pre: may_ask(now).
  void ask(std::int64_t ticket, time_point now, std::chrono::milliseconds limit);
  /// Whether this answer is the awaited one. From then on the next question may follow.
  bool answered(std::int64_t ticket);
  /// The open question is void: its broker is gone or its queue is.
  void forget() { open_ = false; }
  /// No question before this moment.
  void postpone(time_point until) { not_before_ = until; }
  /// Whether the open question has passed its deadline; then it is void.
  bool expire(time_point now);

  /// How long ago the last question was asked.
  std::chrono::nanoseconds since_asked(time_point now) const { return now - asked_; }
  /// The next moment at which this schedule wants to be looked at.
  std::optional<time_point> next_event(time_point now) const;

private:
  bool open_ = false;
  std::int64_t ticket_ = 0;
  time_point asked_{};
  time_point deadline_{};
  time_point not_before_{};
};

} // namespace cafmq
