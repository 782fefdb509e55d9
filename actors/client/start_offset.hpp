#pragma once

#include "messages/consuming.hpp"
#include "messages/groups.hpp"

namespace cafmq {

/// Where a group begins in a queue for which it has no committed offset (RocketMQ:
/// RebalancePushImpl.computePullFromWhereWithException).
struct start_rule {
  consume_from from = consume_from::last_offset;
  wall_time_ms timestamp = 0; ///< for consume_from::timestamp
};

/// What must be asked of the broker before the rule gives an offset.
enum class start_question {
  bounds, ///< get_queue_bounds
  time,   ///< search_offset with the rule's timestamp
};
start_question question_of(const start_rule& rule, const topic_name& topic);

/// The offset by the queue's bounds. FIRST: the oldest message. LAST: the end, except that a young
/// queue, which has lost nothing to retention yet, is read from its beginning (RocketMQ:
/// ConsumerManageProcessor.queryConsumerOffset answers 0 then). Retry topics are read whole, but by
/// a time only from their end.
queue_offset start_offset(const start_rule& rule, const topic_name& topic,
                          const queue_bounds& bounds);

} // namespace cafmq
