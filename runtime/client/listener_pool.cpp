#include "runtime/client/listener_pool.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "actors/log.hpp"
#include "messages/batch_messages.hpp"

namespace cafmq {

namespace {

bool call(const listener_pool::listener& work, std::span<const received_message> messages) {
  try {
    return work(messages);
  } catch (const std::exception& thrown) {
    log::warn("listener-threw", "a listener failed with an exception: ", thrown.what());
  } catch (...) {
    log::warn("listener-threw", "a listener failed with an exception that says nothing");
  }
  return false;
}

} // namespace

void report_damage(const message_queue& queue) {
  log::error("record-damaged", "a pulled block of queue ", queue.id.value, " of topic ",
             queue.topic.value, " on broker ", queue.broker.value,
             " holds a damaged record; the rest of its batch is passed over");
}

consume_result consume(const consume_batch& batch, const listener_pool::listener& work,
                       std::int32_t calls_of, std::vector<received_message>& scratch) {
  consume_result result{batch.delivery, {}, no_offset, std::chrono::nanoseconds{0}};
  auto began = std::chrono::steady_clock::now();
  scratch.clear();
  auto finish_call = [&] {
    if (scratch.empty()) return true;
    if (batch.wanted.revoked()) {
      result.untried = {scratch.front().queue_offset()};
      return false;
    }
    bool succeeded = call(work, scratch);
    if (!succeeded)
      for (const auto& message : scratch)
        result.failed.push_back({message.queue_offset()});
    scratch.clear();
    return succeeded || !batch.in_order;
  };
  bool going = true;
  bool whole = for_each_message(batch, [&](received_message message) {
    scratch.push_back(std::move(message));
    going = scratch.size() < static_cast<std::size_t>(calls_of) || finish_call();
    return going;
  });
  if (!whole) report_damage(batch.queue);
  if (going) finish_call();
  scratch.clear(); // lets the block go
  result.elapsed = std::chrono::steady_clock::now() - began;
  return result;
}

listener_pool::listener_pool(options wanted, listener work)
    : options_{std::max(wanted.threads, 1), std::max(wanted.calls_of, 1)}, work_(std::move(work)) {}

listener_pool::~listener_pool() {
  stop();
  for (auto& thread : threads_)
    thread.join();
}

void listener_pool::take(consume_batch batch, finish done) {
  std::lock_guard lock{mutex_};
  if (stopped_) return;
  waiting_.push_back({std::move(batch), std::move(done)});
  if (static_cast<std::size_t>(idle_) < waiting_.size()
      && threads_.size() < static_cast<std::size_t>(options_.threads))
    threads_.emplace_back([this] { run(); });
  else
    news_.notify_one();
}

std::vector<delivery_id> listener_pool::recall() {
  std::vector<delivery_id> recalled;
  std::deque<task> forgotten; // ends after the lock
  std::lock_guard lock{mutex_};
  for (auto& waiting : std::exchange(waiting_, {})) {
    if (!waiting.batch.wanted.revoked()) {
      waiting_.push_back(std::move(waiting));
      continue;
    }
    recalled.push_back(waiting.batch.delivery);
    forgotten.push_back(std::move(waiting));
  }
  return recalled;
}

void listener_pool::stop() {
  std::deque<task> forgotten;
  {
    std::lock_guard lock{mutex_};
    stopped_ = true;
    forgotten.swap(waiting_);
  }
  news_.notify_all();
}

void listener_pool::run() {
  std::vector<received_message> scratch;
  std::unique_lock lock{mutex_};
  for (;;) {
    ++idle_;
    news_.wait(lock, [this] { return stopped_ || !waiting_.empty(); });
    --idle_;
    if (stopped_) return;
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    lock.unlock();
    auto result = consume(next.batch, work_, options_.calls_of, scratch);
    next.batch = {}; // lets the block go before the consumer pulls the next one
    next.done(std::move(result));
    next.done = nullptr;
    lock.lock();
  }
}

} // namespace cafmq
