#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "messages/client_consuming.hpp"
#include "messages/received_message.hpp"

namespace cafmq {

/// Runs a program's listener over batches, in as many threads as may work at once. Threads start
/// when they are first needed. What waits is bounded by the consumer's limits on unfinished
/// messages.
class listener_pool {
public:
  /// Consumes up to `calls_of` messages; false, or an exception, when that failed.
  using listener = std::function<bool(std::span<const received_message>)>;
  /// Told what became of a batch, by the thread that worked on it.
  using finish = std::function<void(consume_result)>;

  struct options {
    std::int32_t threads = 20;
    std::int32_t calls_of = 1; ///< messages for one call of the listener
  };

  listener_pool(options wanted, listener work);
  /// As `stop`, and waits for listeners that are still at work.
  ~listener_pool();
  listener_pool(const listener_pool&) = delete;
  listener_pool& operator=(const listener_pool&) = delete;

  /// Leaves a batch; never blocks.
  void take(consume_batch batch, finish done);
  /// Takes the revoked batches back that no listener has begun.
  std::vector<delivery_id> recall();
  /// No further batch is begun; those that wait are forgotten.
  void stop();

private:
  struct task {
    consume_batch batch;
    finish done;
  };
  void run();

  const options options_;
  const listener work_;
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<task> waiting_;
  std::vector<std::thread> threads_;
  std::int32_t idle_ = 0;
  bool stopped_ = false;
};

/// Logs that a batch of this queue has a damaged record, and that the rest is passed over.
void report_damage(const message_queue& queue);

/// Lets `work` consume a batch in calls of at most `calls_of` messages. Ends early when the batch
/// is revoked, or in order at the first failure.
consume_result consume(const consume_batch& batch, const listener_pool::listener& work,
                       std::int32_t calls_of, std::vector<received_message>& scratch);

} // namespace cafmq
