#pragma once

#include <cstdint>
#include <memory>

#include "messages/byte_block.hpp"
#include "messages/ids.hpp"
#include "messages/inspect.hpp"
#include "messages/send_result.hpp"

namespace cafmq {

/// Messages for one queue, sent by a producer: one or many, stored contiguously and in order, or
/// not at all. `drafts` is a run of records in commit-log layout (messages/codec/record.hpp) with
/// this topic and queue id, in which the broker fills in body CRC, queue offset, log position,
/// store time and store host. Answer: `send_receipt`. Errors: topic_not_exist, no_permission,
/// message_illegal, invalid_parameter, system_busy, service_not_available; after each of them
/// nothing is stored.
struct send_batch {
  group_name producer_group;
  topic_name topic;
  queue_id queue;
  std::int32_t count = 1; ///< records in `drafts`
  bool wait_store = true; ///< false: acknowledged before the flush, also under SYNC_FLUSH
  byte_block drafts;
  /// The room it takes in the broker's memory, given back with its last copy; stays in the process.
  std::shared_ptr<void> charge;
};
CAFMQ_INSPECT(send_batch, producer_group, topic, queue, count, wait_store, drafts)

/// The same without an answer: nothing is promised and nothing reported.
struct send_oneway {
  send_batch batch;
};
CAFMQ_INSPECT(send_oneway, batch)

/// The batch is stored. The records lie contiguously from `first_position`, so the sender, who
/// knows their sizes, knows the position and hence the offset message id of each.
struct send_receipt {
  send_status status = send_status::send_ok;
  queue_offset first_offset;
  log_position first_position;
  wall_time_ms store_timestamp = 0;
};
CAFMQ_INSPECT(send_receipt, status, first_offset, first_position, store_timestamp)

} // namespace cafmq
