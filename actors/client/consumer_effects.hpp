#pragma once

#include <string>
#include <variant>
#include <vector>

#include "messages/client_consuming.hpp"

namespace cafmq {

// What a consumer's machine wants done. The actor carries it out and brings the answers back.

using queue_request = std::variant<pull_messages, get_queue_bounds, search_offset, fetch_offsets>;

/// A question about one queue to its broker; the answer comes back with the ticket.
struct ask_about_queue {
  message_queue queue;
  std::int64_t ticket = 0;
  queue_request request;
};

struct deliver_batch {
  consume_batch batch;
};

using group_request = std::variant<join_consumer_group, lock_queues, commit_offsets,
                                   leave_consumer_group, release_queues, unlock_queues>;

/// Take revoked batches back that no listener has begun: a queue waits for them.
struct recall_revoked {};

/// To a consumer group. All but the last two are answered.
struct tell_group {
  broker_name broker;
  group_request request;
};

/// Broadcasting: keep these offsets, the whole list.
struct keep_offsets {
  std::vector<consumed_position> positions;
};

/// For the log.
struct report {
  std::string event;
  std::string sentence;
};

/// Everything is given back; the consumer may end.
struct consumer_done {
  std::int32_t running_listeners = 0;
};

using consumer_effect = std::variant<ask_about_queue, deliver_batch, recall_revoked, tell_group,
                                     keep_offsets, report, consumer_done>;
using consumer_effects = std::vector<consumer_effect>;

} // namespace cafmq
