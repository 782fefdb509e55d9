#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "config/client_config.hpp"
#include "messages/received_message.hpp"
#include "runtime/client/client.hpp"
#include "runtime/client/consumed_queue_state.hpp"
#include "runtime/client/result.hpp"

namespace cafmq {

/// What a listener made of its messages.
enum class consume_status {
  success,
  /// Concurrent: these messages come again one by one, after a wait that doubles each time.
  /// Orderly: the queue stops for suspendCurrentQueueTimeMillis, then they come again.
  /// Broadcasting: they are dropped.
  reconsume_later,
};

/// Consumes messages as they come, in threads of its own. No CAF needed.
///
///     cafmq::client client;
///     cafmq::push_consumer consumer{client, {.consumer_group = "billing"}};
///     consumer.subscribe("orders", "paid || shipped");
///     consumer.on_message([](std::span<const cafmq::received_message> messages) {
///       ...
///       return cafmq::consume_status::success;
///     });
///     auto started = consumer.start();
class push_consumer {
public:
  /// Called with 1 to consumeMessageBatchMaxSize messages of one queue, in the order of their
  /// offsets; they may be kept. Concurrent: by up to consumeThreadNums threads at once. With
  /// `config.orderly`: for each queue by one thread at a time, one call after the other. An
  /// exception counts as `reconsume_later`.
  using listener = std::function<consume_status(std::span<const received_message>)>;

  explicit push_consumer(const client& client, consumer_config config = {});
  /// As `close`, and waits for every listener that is still at work.
  ~push_consumer();
  push_consumer(push_consumer&&) noexcept;
  push_consumer& operator=(push_consumer&&) noexcept;

  /// Before the start. `expression`: tags joined by ||, or * for all messages. Failures:
  /// invalid_parameter, subscription_parse_failed.
  result<done> subscribe(const std::string& topic, const std::string& expression = "*");
  /// Before the start.
  void on_message(listener consume);
  /// Joins the group and begins to consume; returns at once, also while no broker can be reached.
  /// Failures: invalid_parameter (group name, no subscription, no listener).
  result<done> start();

  /// No more messages are fetched; what was fetched is still consumed.
  void suspend();
  void resume();

  /// The queues that this member has now.
  std::vector<consumed_queue_state> queues() const;
  /// Why nothing can be consumed, in a sentence: no name server answers, no broker serves a topic,
  /// or a broker refuses this member (its group may not consume, its id is taken). Once that has
  /// passed, messages come by themselves. Empty: nothing is known to be wrong, or the consumer does
  /// not run. Waits for an answer from the consumer: a moment, at most twice mqClientApiTimeout.
  std::string problem() const;
  /// Its id in the group.
  const std::string& id() const;

  /// Stops fetching, waits for running listeners up to awaitTerminationMillis, commits, gives its
  /// queues back and leaves the group. Returns how many listeners were still at work; what they
  /// consume now is delivered to another member again. Not to be called by a listener.
  std::int32_t close();

private:
  class inside;
  std::unique_ptr<inside> inside_;
};

} // namespace cafmq
