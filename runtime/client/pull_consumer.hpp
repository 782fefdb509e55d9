#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "config/client_config.hpp"
#include "messages/received_message.hpp"
#include "runtime/client/client.hpp"
#include "runtime/client/consumed_queue_state.hpp"
#include "runtime/client/result.hpp"

namespace cafmq {

/// Consumes messages when the program asks for them. Messages are fetched ahead, so a poll mostly
/// finds some. One thread at a time polls. No CAF needed.
///
/// Either `subscribe`: the group shares the queues of its topics among its members. Or `assign`:
/// exactly these queues, whoever else reads them; the group only keeps the offsets.
///
///     cafmq::pull_consumer consumer{client, {.consumer_group = "billing"}};
///     consumer.subscribe("orders");
///     while (auto messages = consumer.poll(std::chrono::seconds{5}))
///       for (const auto& message : *messages) ...
class pull_consumer {
public:
  explicit pull_consumer(const client& client, consumer_config config = {});
  /// Leaves the group; what the last poll returned counts as not consumed, unlike with `close`.
  ~pull_consumer();
  pull_consumer(pull_consumer&&) noexcept;
  pull_consumer& operator=(pull_consumer&&) noexcept;

  /// Before the first poll. Failures: invalid_parameter (also after `assign`),
  /// subscription_parse_failed.
  result<done> subscribe(const std::string& topic, const std::string& expression = "*");
  /// Replaces the queues to consume; each begins at the group's committed offset, or by
  /// consumeFromWhere. Failures: invalid_parameter (also after `subscribe`).
  result<done> assign(const std::vector<message_queue>& queues);

  /// Waits up to `timeout` for messages of one queue, in the order of their offsets, at most
  /// pullBatchSize; none when there are none in time. What the poll before returned counts as
  /// consumed now: with autoCommit its offsets are committed within persistConsumerOffsetInterval.
  /// Failures: invalid_parameter (neither subscribed nor assigned), client_closed.
  result<std::vector<received_message>>
  poll(std::chrono::milliseconds timeout = std::chrono::seconds{5});

  // What follows needs a consumer that runs: before its first poll or assignment it fails with
  // client_closed.

  /// Commits everything that was polled so far, and waits until the brokers have it; what was
  /// polled of a queue that another member owns by now is void, and that one consumes it again.
  /// Failures: broker_not_exist (of some queues the broker cannot be reached, or has not assigned
  /// them anew; all others are committed; told once for each offset), request_timeout,
  /// client_closed, and those of the brokers.
  result<done> commit();

  /// Polls go on from there in this queue. Failures: invalid_parameter (not one of its queues).
  result<done> seek(const message_queue& queue, std::int64_t offset);
  result<done> seek_to_begin(const message_queue& queue);
  result<done> seek_to_end(const message_queue& queue);

  /// What the group has committed; -1: nothing.
  result<std::int64_t> committed(const message_queue& queue);
  /// The first message stored at or after a time, in ms since 1970.
  result<std::int64_t> offset_for_time(const message_queue& queue, std::int64_t timestamp);
  /// The readable queues of a topic. Failures: topic_not_exist, no_name_server.
  result<std::vector<message_queue>> message_queues(const std::string& topic);

  /// No more messages are fetched, or again; what was fetched can still be polled.
  void suspend();
  void resume();
  std::vector<consumed_queue_state> queues() const;
  /// Why polls bring nothing, in a sentence: no name server answers, no broker serves a topic, or a
  /// broker refuses this member (its group may not consume, its id is taken). Once that has passed,
  /// polls bring messages again. Empty: nothing is known to be wrong, or the consumer does not run,
  /// as before its first poll or assignment. Waits for an answer from the consumer: a moment, at
  /// most twice mqClientApiTimeout.
  std::string problem() const;
  const std::string& id() const;

  /// Commits (with autoCommit), leaves the group. What was polled counts as consumed.
  void close();

private:
  class inside;
  std::unique_ptr<inside> inside_;
};

} // namespace cafmq
