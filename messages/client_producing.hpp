#pragma once

#include <string>
#include <vector>

#include "messages/client.hpp"
#include "messages/message.hpp"

namespace cafmq {

// What an application's actor says to its producer. None of it leaves the process.

/// Sends one message. With `key` the queue is chosen by the key's hash, so that one key stays in
/// one queue; with `queue` it goes there; else the producer takes the queues in turn. A chosen
/// queue is never exchanged for another on a retry. Answer: `sent_message`. Errors:
/// message_illegal, invalid_parameter, topic_not_exist, no_name_server, broker_not_exist,
/// request_timeout, and the broker's refusals.
struct send_message {
  message content;
  std::string key;
  message_queue queue; ///< an empty broker name: not chosen
};
CAFMQ_INSPECT(send_message, content, key, queue)

struct sent_message {
  send_status status = send_status::send_ok;
  std::string msg_id;        ///< unique key
  std::string offset_msg_id; ///< broker address and log position
  message_queue queue;
  queue_offset offset;
};
CAFMQ_INSPECT(sent_message, status, msg_id, offset_msg_id, queue, offset)

/// Sends messages of one topic as one batch: all into one queue, with consecutive offsets, or none.
/// Answer: `sent_messages`.
struct send_messages {
  std::vector<message> contents;
  std::string key;
  message_queue queue;
};
CAFMQ_INSPECT(send_messages, contents, key, queue)

struct sent_messages {
  std::vector<sent_message> results; ///< in the order of the batch
};
CAFMQ_INSPECT(sent_messages, results)

/// Sends without an answer: once, unacknowledged, nothing is reported.
struct send_message_oneway {
  message content;
};
CAFMQ_INSPECT(send_message_oneway, content)

/// The program to its producer: look into the outbox.
struct drain_outbox {};
CAFMQ_INSPECT_EMPTY(drain_outbox)

/// Refuse new sends, finish those under way, leave the group, end. Answer: `producer_closed`.
struct close_producer {};
CAFMQ_INSPECT_EMPTY(close_producer)

struct producer_closed {
  std::int32_t unfinished = 0; ///< sends that were given up
};
CAFMQ_INSPECT(producer_closed, unfinished)

/// The queues that sends to a topic may go to. Answer: `writable_queues`. Errors: topic_not_exist,
/// no_name_server.
struct get_writable_queues {
  topic_name topic;
};
CAFMQ_INSPECT(get_writable_queues, topic)

struct writable_queues {
  std::vector<message_queue> queues; ///< sorted
};
CAFMQ_INSPECT(writable_queues, queues)

/// The producer's reminders to itself.
struct producer_tick {};
CAFMQ_INSPECT_EMPTY(producer_tick)

struct producer_heartbeat {};
CAFMQ_INSPECT_EMPTY(producer_heartbeat)

using producer_handle =
  typed_handle<sent_message(send_message), sent_messages(send_messages), void(send_message_oneway),
               void(drain_outbox), writable_queues(get_writable_queues),
               producer_closed(close_producer)>;

} // namespace cafmq
