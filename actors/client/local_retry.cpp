#include "actors/client/local_retry.hpp"

#include <algorithm>
#include <cassert>

namespace cafmq {

std::chrono::milliseconds retry_backoff::after(std::int32_t failures) const {
  assert(failures >= 1);
  auto wait = first;
  for (std::int32_t i = 1; i < failures && wait < longest; ++i)
    wait *= 2;
  return std::min(wait, longest);
}

void local_retry::wait(queue_offset offset, waiting_message& message, time_point due) {
  message.under_way = false;
  message.due = due;
  waiting_.emplace(due, offset);
}

void local_retry::add(queue_offset offset, byte_block record, time_point now) {
  auto [i, is_new] = messages_.emplace(offset, waiting_message{std::move(record), 1, {}, false});
  assert(is_new);
  wait(offset, i->second, now + backoff_.after(1));
}

void local_retry::failed(queue_offset offset, time_point now) {
  auto& message = messages_.at(offset);
  assert(message.under_way);
  ++message.failures;
  wait(offset, message, now + backoff_.after(message.failures));
}

void local_retry::succeeded(queue_offset offset) {
  assert(messages_.at(offset).under_way);
  messages_.erase(offset);
}

void local_retry::untried(queue_offset offset) {
  auto& message = messages_.at(offset);
  assert(message.under_way);
  wait(offset, message, message.due);
}

std::vector<queue_offset> local_retry::take_due(time_point now) {
  std::vector<queue_offset> result;
  while (!waiting_.empty() && waiting_.begin()->first <= now) {
    auto offset = waiting_.begin()->second;
    waiting_.erase(waiting_.begin());
    messages_.at(offset).under_way = true;
    result.push_back(offset);
  }
  return result;
}

std::optional<local_retry::time_point> local_retry::next_due() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->first;
}

} // namespace cafmq
