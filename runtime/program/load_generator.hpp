#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "runtime/client/producer.hpp"
#include "runtime/console/latency_recorder.hpp"
#include "runtime/program/stop_signal.hpp"

namespace cafmq::program {

enum class send_style : std::uint8_t {
  sync,      ///< each sender waits for its receipt
  pipelined, ///< a sender goes on as long as the client takes messages; receipts come later
  batched,   ///< the same, with many messages a request
};

struct load_options {
  std::string topic;
  send_style style = send_style::sync;
  int senders = 1;
  int batch = 16;
  std::int32_t size = 100; ///< bytes of a body
  double seconds = 10;
  std::int64_t count = 0; ///< end after so many messages instead; 0: by time
};

/// What a load run did. Latencies are from the start of a send, or from when it was due, to its
/// receipt.
struct load_result {
  std::int64_t stored = 0;
  std::int64_t failed = 0;
  std::string failure; ///< the first sentence
  std::chrono::duration<double> elapsed{0};
  std::unique_ptr<latency_recorder> latencies = std::make_unique<latency_recorder>();
};

/// The message that a load run sends again and again.
message make_message(const load_options& options);

/// The counts of a run; receipts come in threads of the client.
class tally {
public:
  explicit tally(load_result& result) : result_(result) {}

  void stored(std::int64_t messages, std::chrono::steady_clock::duration latency) {
    std::lock_guard lock{mutex_};
    result_.stored += messages;
    result_.latencies->record(latency);
  }
  void failed(std::int64_t messages, const failure& why) {
    std::lock_guard lock{mutex_};
    result_.failed += messages;
    if (result_.failure.empty()) result_.failure = why.sentence;
  }
  void merge(std::int64_t messages, const latency_recorder& latencies) {
    std::lock_guard lock{mutex_};
    result_.stored += messages;
    result_.latencies->merge(latencies);
  }

private:
  std::mutex mutex_;
  load_result& result_;
};

/// Says when a run is over.
class end_of_run {
public:
  end_of_run(const load_options& options, stop_signal& stop)
      : stop_(stop), count_(options.count),
        deadline_(std::chrono::steady_clock::now()
                  + std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                    std::chrono::duration<double>{options.seconds})) {}

  /// Takes `messages` of what may still be sent; false: the run is over.
  bool take(std::int64_t messages) {
    if (count_ > 0) return taken_.fetch_add(messages) + messages <= count_ && !stop_.requested();
    return std::chrono::steady_clock::now() < deadline_ && !stop_.requested();
  }

private:
  stop_signal& stop_;
  const std::int64_t count_;
  const std::chrono::steady_clock::time_point deadline_;
  std::atomic<std::int64_t> taken_{0};
};

/// Sends as fast as the style allows until time or count is over, and waits for all receipts.
load_result send_load(producer& to, const load_options& options, stop_signal& stop);

/// Sends `rate` messages a second, each at its time, whether or not earlier ones are answered: an
/// open loop, so a stall shows in the latency of every message that was due meanwhile. The body
/// begins with the time when the message was due, in steady-clock nanoseconds.
load_result send_at_rate(producer& to, const load_options& options, double rate, stop_signal& stop);

/// The due time in a body of `send_at_rate`; zero when there is none.
std::chrono::steady_clock::time_point due_time(std::string_view body);

} // namespace cafmq::program
