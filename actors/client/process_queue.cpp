#include "actors/client/process_queue.hpp"

#include <algorithm>
#include <cassert>

namespace cafmq {

run_id process_queue::add(record_run run) {
  assert(run.count > 0 && run.first >= next_ && run.last >= run.first);
  messages_ += run.count;
  bytes_ += run.bytes();
  last_ = run.last;
  next_ = run.last + 1;
  runs_.push_back({std::move(run)});
  return {front_id_ + static_cast<std::int64_t>(runs_.size()) - 1};
}

void process_queue::advance(queue_offset next) { next_ = std::max(next_, next); }

void process_queue::finish(run_id id, const std::vector<straggler>& failed) {
  auto* found = entry_of(id);
  assert(found && !found->finished);
  messages_ -= found->run.count;
  bytes_ -= found->run.bytes();
  for (const auto& message : failed) {
    assert(message.offset >= found->run.first && message.offset <= found->run.last);
    if (!stragglers_.emplace(message.offset, message.bytes).second) continue;
    ++messages_;
    bytes_ += message.bytes;
  }
  found->finished = true;
  found->run.records = {};
  drop_finished();
}

void process_queue::shorten(run_id id, record_run rest) {
  auto* found = entry_of(id);
  assert(found && !found->finished && rest.first >= found->run.first && rest.count > 0
         && rest.last == found->run.last);
  messages_ += rest.count - found->run.count;
  bytes_ += rest.bytes() - found->run.bytes();
  found->run = std::move(rest);
}

void process_queue::finish_straggler(queue_offset offset) {
  auto i = stragglers_.find(offset);
  assert(i != stragglers_.end());
  --messages_;
  bytes_ -= i->second;
  stragglers_.erase(i);
}

const record_run* process_queue::find(run_id id) const {
  auto* found = const_cast<process_queue*>(this)->entry_of(id);
  return found && !found->finished ? &found->run : nullptr;
}

run_id process_queue::head() const {
  assert(!runs_.empty());
  return {front_id_};
}

queue_offset process_queue::committable() const {
  auto smallest = runs_.empty() ? next_ : runs_.front().run.first;
  return stragglers_.empty() ? smallest : std::min(smallest, stragglers_.begin()->first);
}

pull_permit process_queue::permit(const flow_limits& limits) const {
  if (messages_ > limits.messages) return pull_permit::too_many_messages;
  if (bytes_ > limits.bytes) return pull_permit::too_many_bytes;
  if (limits.span > 0 && span() > limits.span) return pull_permit::span_too_wide;
  return pull_permit::granted;
}

process_queue::entry* process_queue::entry_of(run_id id) {
  auto index = id.value - front_id_;
  if (index < 0 || index >= static_cast<std::int64_t>(runs_.size())) return nullptr;
  return &runs_[static_cast<std::size_t>(index)];
}

void process_queue::drop_finished() {
  while (!runs_.empty() && runs_.front().finished) {
    runs_.pop_front();
    ++front_id_;
  }
}

} // namespace cafmq
