#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "actors/client/outgoing.hpp"
#include "messages/client.hpp"

namespace cafmq {

/// May a send that a broker answered with `code` be tried again? Sync sends on the codes of
/// RocketMQ's DefaultMQProducer.retryResponseCodes; async and one-way sends never on an answer.
bool is_retriable_answer(errc code, send_mode mode);

/// Takes a topic's queues in turn, from a random start, passing over the broker that failed last
/// and brokers without a link.
class queue_rotation {
public:
  explicit queue_rotation(std::uint64_t start = 0) : next_(start) {}

  /// The next queue; nullopt when no broker is linked. The avoided broker comes again when no other
  /// is linked.
  std::optional<message_queue> next(const topic_view& view, const broker_name& avoided);

private:
  std::uint64_t next_;
};

/// The queue that the caller chose, by itself, its selector or its key's hash
/// (SelectMessageQueueByHash). Pre: `send.has_choice()`, the view has writable queues.
message_queue chosen_queue(const outgoing& send, const topic_view& view);

} // namespace cafmq
