#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <functional>
#include <string>

#include "messages/codec/record.hpp"
#include "messages/message.hpp"
#include "runtime/storage/store_inspection.hpp"

namespace cafmq {

/// A queue of a stopped store and the offsets that it would serve.
struct dumped_queue {
  local_queue queue;
  queue_offset min;
  queue_offset max; ///< where the next message would go
};

/// Who takes what a dump finds. Each may be empty.
struct dump_watch {
  std::function<void(const dumped_queue&)> on_queue;
  std::function<void(const record_view&)> on_message;
  inspection_watch inspection; ///< what is wrong, and how far it is
};

/// Shows what a store holds that no broker runs on: first each queue, by topic and id, those of
/// config/topics.json without messages included; then each message in the order of the log, up to
/// the last whole record, but those of deleted topics. Works without consume queues, and changes
/// nothing on the disk. Returns how many messages there were. Errors: as `verify_store`.
caf::expected<std::int64_t> dump_store(const std::string& directory, const dump_watch& watch);

/// `{"kind":"queue","topic":..,"queueId":..,"minOffset":..,"maxOffset":..}`
std::string queue_dump_line(const dumped_queue& queue);

/// One JSON object of kind `message`: topic, queueId, queueOffset, commitLogOffset, storeSize,
/// bodyCrc, sysFlag, flag, bornTimestamp, storeTimestamp, bornHost, offsetMsgId, reconsumeTimes,
/// preparedTransactionOffset, bodyLength, bodySha256, properties. The fields are those of the
/// record; length and SHA-256 are of the body as its producer gave it. A compressed body that
/// cannot be unpacked has `bodyProblem`, and both are of the stored bytes.
std::string message_dump_line(const record_view& record);

/// The same for people, in columns of fixed width below `message_dump_titles`: log position, store
/// time, queue, offset, size, tags, keys and the begin of the body.
std::string message_dump_row(const record_view& record);
std::string message_dump_titles();

} // namespace cafmq
