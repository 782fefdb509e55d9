#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "runtime/client/push_consumer.hpp"
#include "runtime/console/latency_recorder.hpp"
#include "runtime/program/stop_signal.hpp"

namespace cafmq::program {

/// A consumer that only counts, for measurements.
class counting_reader {
public:
  /// Throws command_failed when it cannot start.
  counting_reader(const client& shared, consumer_config config, const std::string& topic);

  /// Waits until it consumes `queues` queues. False: not within ten seconds.
  bool await_queues(std::size_t queues, stop_signal& stop);
  /// Waits until `messages` came since the start; false when none came for `idle` before that.
  bool await_messages(std::int64_t messages, std::chrono::milliseconds idle, stop_signal& stop);

  std::int64_t messages() const { return messages_.load(); }
  std::int64_t bytes() const { return bytes_.load(); }
  /// When the last batch came.
  std::chrono::steady_clock::time_point last() const {
    return std::chrono::steady_clock::time_point{std::chrono::steady_clock::duration{last_.load()}};
  }
  /// From now on, latencies from the due time in each body to the listener.
  void record_latencies() { recording_ = true; }
  const latency_recorder& latencies() const { return *latencies_; }
  void close() { consumer_.close(); }

private:
  consume_status take(std::span<const received_message> batch);

  std::atomic<std::int64_t> messages_{0};
  std::atomic<std::int64_t> bytes_{0};
  std::atomic<std::int64_t> last_;
  std::atomic<bool> recording_{false};
  std::mutex mutex_;
  std::unique_ptr<latency_recorder> latencies_ = std::make_unique<latency_recorder>();
  push_consumer consumer_;
};

} // namespace cafmq::program
