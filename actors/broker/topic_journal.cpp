#include "actors/broker/topic_journal.hpp"

#include <cassert>

namespace cafmq {

topic_journal::ticket topic_journal::submit(topic_change change) {
  waiting_.emplace_back(next_ticket_, std::move(change));
  return next_ticket_++;
}

topic_journal::save topic_journal::begin_save(wall_time_ms now) {
  save result;
  if (!is_due()) return result;
  auto staged = table_;
  std::vector<outcome> outcomes;
  for (auto& [id, change] : std::exchange(waiting_, {})) {
    auto topic = staged.apply(change, now);
    outcomes.push_back({id, std::move(change), std::move(topic)});
  }
  if (is_saved_ && staged.version() == table_.version()) {
    result.outcomes = std::move(outcomes);
    return result;
  }
  staged_ = staged;
  settled_ = std::move(outcomes);
  result.table = std::move(staged);
  return result;
}

std::vector<topic_journal::outcome> topic_journal::end_save(const caf::error& failure) {
  assert(staged_);
  auto outcomes = std::exchange(settled_, {});
  if (failure) {
    for (auto& one : outcomes)
      if (one.topic) one.topic = failure;
  } else {
    table_ = std::move(*staged_);
    is_saved_ = true;
  }
  staged_.reset();
  return outcomes;
}

} // namespace cafmq
