#pragma once

#include <caf/expected.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "actors/client/outgoing.hpp"
#include "config/client_config.hpp"
#include "messages/client.hpp"

namespace cafmq {

/// May a send that a broker answered with `code` be tried again? Sync sends on the codes of
/// RocketMQ's DefaultMQProducer.retryResponseCodes; async sends only when nobody answered, one-way
/// sends never.
bool is_retriable_answer(errc code, send_mode mode);

/// How often a send is tried, the first time included.
std::int32_t attempts_max(send_mode mode, const producer_config& config);

/// Takes the queues of a topic in turn, from a random start.
class queue_rotation {
public:
  explicit queue_rotation(std::uint64_t start = 0) : next_(start) {}

  /// The index of the next of `count` queues that `passes(index)`; nullopt when none does.
  template <class Predicate>
  std::optional<std::size_t> next(std::size_t count, Predicate passes) {
    for (std::size_t i = 0; i < count; ++i) {
      auto index = static_cast<std::size_t>((next_ + i) % count);
      if (!passes(index)) continue;
      next_ += i + 1;
      return index;
    }
    return std::nullopt;
  }

private:
  std::uint64_t next_;
};

/// The queue that the caller chose, by itself, its selector or its key's hash
/// (SelectMessageQueueByHash). Errors: broker_not_exist for a broker outside the route,
/// invalid_parameter for a queue of another topic or a selector that throws.
/// Pre: the view has writable queues.
caf::expected<message_queue> chosen_queue(const queue_choice& choice, const topic_view& view);

} // namespace cafmq
