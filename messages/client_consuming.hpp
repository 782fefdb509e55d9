#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "messages/client.hpp"

namespace cafmq {

// What is said inside one client program: a consumer to whoever listens to its messages, and the
// program to its consumer. None of it leaves the process.

/// Which delivery of a consumer: counted over its life, never reused.
using delivery_id = named_type<struct delivery_id_tag, std::int64_t>;

/// Set when the messages of a batch are no longer wanted: their queue moves away, its lock is lost,
/// or the consumer closes. A listener that looks at it between messages gives the queue back
/// sooner.
class revocation {
public:
  revocation() : flag_(std::make_shared<std::atomic<bool>>(false)) {}
  void revoke() const { flag_->store(true, std::memory_order_relaxed); }
  bool revoked() const { return flag_->load(std::memory_order_relaxed); }

private:
  std::shared_ptr<std::atomic<bool>> flag_;
};

/// The consumer to its listener: messages of one queue in the order of their offsets, `begin..end`
/// in a block that other batches may share. They are as the broker keeps them: bodies may be
/// compressed, tags may be others that have the same hash. `for_each_message` (batch_messages.hpp)
/// shows what the listener is meant to see. The consumer counts what is unanswered and stops
/// pulling at its limits, so the answers are the listener's credit. Answer: `consume_result`.
struct consume_batch {
  delivery_id delivery;
  message_queue queue;
  std::int32_t count = 0;           ///< records in the range, unwanted tags included
  std::int32_t reconsume_times = 0; ///< failed deliveries of the first message so far; others: 0
  bool in_order = false; ///< orderly: a failure ends the batch, later messages must not be tried
  std::vector<std::string> tags; ///< sorted; other messages are passed over; empty: all are wanted
  byte_block records;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  revocation wanted; ///< not serialised

  std::span<const std::uint8_t> bytes() const { return records.span().subspan(begin, end - begin); }
};
CAFMQ_INSPECT(consume_batch, delivery, queue, count, reconsume_times, in_order, tags, records,
              begin, end)

/// What became of a batch. Concurrent: all messages were tried, `failed` come again later one by
/// one. In order: the first failure, and the batch comes again from there.
struct consume_result {
  delivery_id delivery;
  std::vector<queue_offset> failed;    ///< ascending
  queue_offset untried = no_offset;    ///< this message and all after it were not tried
  std::chrono::nanoseconds elapsed{0}; ///< time in the listener; 0: not measured
};
CAFMQ_INSPECT(consume_result, delivery, failed, untried, elapsed)

/// Whoever listens: an actor of the application, or the bridge to a thread pool.
using listener_handle = typed_handle<consume_result(consume_batch)>;

/// The program to its consumer: stop pulling, or go on. What was fetched is still consumed.
struct suspend_consuming {
  bool suspended = true;
};
CAFMQ_INSPECT(suspend_consuming, suspended)

/// Stop pulling, wait for running listeners up to awaitTerminationMs, commit, give the queues back,
/// leave the group. Answer: `consumer_closed`; the consumer has ended by then.
struct close_consumer {};
CAFMQ_INSPECT_EMPTY(close_consumer)

struct consumer_closed {
  std::int32_t running_listeners = 0; ///< still at work when the wait was over
};
CAFMQ_INSPECT(consumer_closed, running_listeners)

/// Commit what has been consumed, now. Answer: `offsets_committed` when every broker has them.
/// Errors: request_timeout, and those of the brokers.
struct commit_consumed {};
CAFMQ_INSPECT_EMPTY(commit_consumed)

/// Consume exactly these queues, without sharing them with the group (allocation NONE). Answer:
/// `queues_assigned`. Error: invalid_parameter when the consumer shares queues with its group.
struct assign_queues {
  std::vector<message_queue> queues;
};
CAFMQ_INSPECT(assign_queues, queues)

struct queues_assigned {};
CAFMQ_INSPECT_EMPTY(queues_assigned)

enum class seek_target : std::uint8_t { offset = 0, begin = 1, end = 2 };

/// Go on in a queue elsewhere. Answer: `queue_sought`. Error: invalid_parameter for a queue that
/// the consumer does not own.
struct seek_queue {
  message_queue queue;
  seek_target target = seek_target::offset;
  queue_offset offset;
};
CAFMQ_INSPECT(seek_queue, queue, target, offset)

struct queue_sought {};
CAFMQ_INSPECT_EMPTY(queue_sought)

/// Asked by the program. Answer: `topic_queues`. Error: topic_not_exist.
struct get_topic_queues {
  topic_name topic;
};
CAFMQ_INSPECT(get_topic_queues, topic)

struct topic_queues {
  std::vector<message_queue> queues; ///< readable ones, sorted
};
CAFMQ_INSPECT(topic_queues, queues)

/// Where the group stands in a queue. Answer: `found_offset`, no_offset when nothing is committed.
struct get_committed {
  message_queue queue;
};
CAFMQ_INSPECT(get_committed, queue)

/// The first message of a queue stored at or after a time. Answer: `found_offset`.
struct get_offset_for_time {
  message_queue queue;
  wall_time_ms timestamp = 0;
};
CAFMQ_INSPECT(get_offset_for_time, queue, timestamp)

/// Asked by programs and tests. Answer: `consumer_status`.
struct get_consumer_status {};
CAFMQ_INSPECT_EMPTY(get_consumer_status)

struct consumed_queue {
  message_queue queue;
  bool running = false;      ///< false: waits for its lock or start offset, or is being given back
  queue_offset next;         ///< next offset to pull
  queue_offset committable;  ///< smallest unfinished offset
  std::int64_t messages = 0; ///< fetched and not finished
  std::int64_t bytes = 0;
};
CAFMQ_INSPECT(consumed_queue, queue, running, next, committable, messages, bytes)

struct consumer_status {
  std::vector<consumed_queue> queues; ///< sorted
  std::string problem; ///< why nothing can be consumed, a sentence; empty: nothing known
};
CAFMQ_INSPECT(consumer_status, queues, problem)

/// The consumer's reminder to itself.
struct consumer_tick {};
CAFMQ_INSPECT_EMPTY(consumer_tick)

/// A consumer of the process, as its client actor, its brokers, its listener and its program
/// address it.
using consumer_handle =
  typed_handle<void(topic_view), void(queue_assignment), void(consume_result),
               void(suspend_consuming), consumer_closed(close_consumer),
               offsets_committed(commit_consumed), queues_assigned(assign_queues),
               queue_sought(seek_queue), topic_queues(get_topic_queues),
               found_offset(get_committed), found_offset(get_offset_for_time),
               consumer_status(get_consumer_status)>;

struct consumed_position {
  message_queue queue;
  queue_offset offset; ///< next offset to consume

  bool operator==(const consumed_position&) const = default;
};
CAFMQ_INSPECT(consumed_position, queue, offset)

/// A broadcasting consumer to the keeper of its offsets. Answer: `local_offsets`; an unreadable
/// file is io_error.
struct load_local_offsets {
  group_name group;
  client_id client;
};
CAFMQ_INSPECT(load_local_offsets, group, client)

struct local_offsets {
  std::vector<consumed_position> positions;
};
CAFMQ_INSPECT(local_offsets, positions)

/// Likewise, every persistConsumerOffsetInterval and at the end; the list is complete. Answer:
/// `local_offsets_saved`. Error: io_error.
struct save_local_offsets {
  group_name group;
  client_id client;
  std::vector<consumed_position> positions;
};
CAFMQ_INSPECT(save_local_offsets, group, client, positions)

struct local_offsets_saved {};
CAFMQ_INSPECT_EMPTY(local_offsets_saved)

/// The keeper of broadcasting offsets: detached, because it owns files.
using local_offset_handle =
  typed_handle<local_offsets(load_local_offsets), local_offsets_saved(save_local_offsets)>;

} // namespace cafmq
