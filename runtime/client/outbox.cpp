#include "runtime/client/outbox.hpp"

namespace cafmq {

namespace {

/// A send joins the run of its topic when that is among so many last ones.
constexpr std::size_t runs_searched = 8;

} // namespace

outbox::put_result outbox::await_room(std::unique_lock<std::mutex>& lock, const outgoing& send) {
  auto has_room = [&] {
    return shut_ || messages_ == 0
           || (messages_ + send.count <= limits_.messages_max && bytes_ < limits_.bytes_max);
  };
  if (send.holds_room && !has_room() && !client_scope::is_active()) {
    if (!limits_.block_when_full) return put_result::full;
    room_.wait(lock, has_room);
  }
  return shut_ ? put_result::shut : put_result::left;
}

outgoing_run& outbox::run_of(const topic_name& topic) {
  std::size_t searched = 0;
  for (auto run = runs_.rbegin(); run != runs_.rend() && searched < runs_searched;
       ++run, ++searched)
    if (run->topic == topic) return *run;
  auto& run = runs_.emplace_back(outgoing_run{topic, {}, {}});
  run.drafts.reserve(last_run_bytes_);
  return run;
}

std::vector<outgoing_run> outbox::take() {
  std::lock_guard lock{mutex_};
  woken_ = false;
  last_run_bytes_ = runs_.size() == 1 ? runs_.front().drafts.size() : 0;
  return std::exchange(runs_, {});
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
