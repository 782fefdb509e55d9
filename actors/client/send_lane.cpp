#include "actors/client/send_lane.hpp"

#include <algorithm>
#include <utility>

namespace cafmq {

bool gathering::takes(const outgoing& send, std::size_t bytes_max) const {
  return sends.empty()
         || (drafts.size() + send.bytes <= bytes_max && sends.front().wait_store == send.wait_store
             && !send.alone && !sends.front().alone);
}

void gathering::add(outgoing send, std::span<const std::uint8_t> records) {
  drafts.insert(drafts.end(), records.begin(), records.end());
  sends.push_back(std::move(send));
}

bool send_lane::has_full_batch() const {
  return waiting_.size() > 1
         || (!waiting_.empty() && waiting_.front().drafts.size() >= batch_bytes_max_);
}

void send_lane::add(outgoing send, std::span<const std::uint8_t> records) {
  if (waiting_.empty() || !waiting_.back().takes(send, batch_bytes_max_))
    waiting_.emplace_back().drafts.reserve(last_batch_bytes_);
  waiting_.back().add(std::move(send), records);
}

bool send_lane::holds_late(std::chrono::steady_clock::time_point now) const {
  return std::any_of(waiting_.begin(), waiting_.end(), [&](const gathering& batch) {
    return std::any_of(batch.sends.begin(), batch.sends.end(),
                       [&](const outgoing& send) { return send.deadline <= now; });
  });
}

gathering send_lane::take() {
  auto first = std::move(waiting_.front());
  waiting_.pop_front();
  last_batch_bytes_ = std::min(first.drafts.size(), batch_bytes_max_);
  return first;
}

} // namespace cafmq
