#include "runtime/program/counting_reader.hpp"

#include "runtime/program/command.hpp"
#include "runtime/program/load_generator.hpp"

namespace cafmq::program {

namespace {

using std::chrono::steady_clock;

/// How often a wait looks again.
constexpr std::chrono::milliseconds look_interval{2};
constexpr std::chrono::seconds queues_limit{10};

std::int64_t ticks_now() { return steady_clock::now().time_since_epoch().count(); }

} // namespace

counting_reader::counting_reader(const client& shared, consumer_config config,
                                 const std::string& topic)
    : last_(ticks_now()), consumer_(shared, std::move(config)) {
  if (auto subscribed = consumer_.subscribe(topic); !subscribed)
    throw command_failed(exit_code::wrong_use, subscribed.sentence());
  consumer_.on_message([this](std::span<const received_message> batch) { return take(batch); });
  if (auto started = consumer_.start(); !started)
    throw command_failed(exit_code::failed, started.sentence());
}

consume_status counting_reader::take(std::span<const received_message> batch) {
  const auto now = steady_clock::now();
  std::int64_t bytes = 0;
  for (const auto& message : batch)
    bytes += static_cast<std::int64_t>(message.body().size());
  if (recording_) {
    std::lock_guard lock{mutex_};
    for (const auto& message : batch)
      latencies_->record(now - due_time(message.body()));
  }
  last_ = now.time_since_epoch().count();
  bytes_ += bytes;
  messages_ += static_cast<std::int64_t>(batch.size());
  return consume_status::success;
}

bool counting_reader::await_queues(std::size_t queues, stop_signal& stop) {
  const auto deadline = steady_clock::now() + queues_limit;
  while (!stop.requested() && steady_clock::now() < deadline) {
    std::size_t running = 0;
    for (const auto& queue : consumer_.queues())
      if (queue.running) ++running;
    if (running >= queues) return true;
    stop.wait_until(steady_clock::now() + look_interval);
  }
  return false;
}

bool counting_reader::await_messages(std::int64_t messages, std::chrono::milliseconds idle,
                                     stop_signal& stop) {
  const auto started = steady_clock::now();
  while (!stop.requested() && messages_ < messages) {
    if (steady_clock::now() > std::max(last(), started) + idle) return false;
    stop.wait_until(steady_clock::now() + look_interval);
  }
  return messages_ >= messages;
}

} // namespace cafmq::program
