#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "messages/byte_block.hpp"
#include "messages/ids.hpp"
#include "messages/inspect.hpp"

namespace cafmq {

/// What a pull may return, decided at the broker by tag hash; the client compares the tags
/// themselves.
struct tag_filter {
  std::vector<std::int32_t> codes; ///< Java hashes of the wanted tags, sorted; empty: everything

  bool accepts(std::int64_t tags_code) const;
  bool operator==(const tag_filter&) const = default;
};
CAFMQ_INSPECT(tag_filter, codes)

/// Most that one pull may ask for; a broker takes larger wishes for these. The bytes of a pull are
/// copied, framed and parsed as one piece on both sides: 64 times the usual pull, and far below the
/// 4 GiB that a frame's length can say.
inline constexpr std::int32_t pull_count_limit = 16'384;
inline constexpr std::int32_t pull_bytes_limit = 16 * 1024 * 1024;

/// A consumer asks for messages of one queue from `from` on. Without a match the queue holds the
/// request until one arrives or `suspend` has passed (RocketMQ: 15 s); 0 answers at once. A second
/// pull of the same client for the same queue replaces the first, which is answered empty. Answer:
/// `pulled_messages`. Errors: topic_not_exist, no_permission, invalid_parameter, system_busy,
/// service_not_available.
struct pull_messages {
  group_name group;
  client_id client;
  topic_name topic;
  queue_id queue;
  queue_offset from;
  std::int32_t count_max = 32;         ///< up to pull_count_limit
  std::int32_t bytes_max = 256 * 1024; ///< up to pull_bytes_limit; only a single message exceeds it
  std::chrono::milliseconds suspend{0};
  tag_filter filter;
  bool broadcasting = false; ///< as `message_model` of whoever pulls
};
CAFMQ_INSPECT(pull_messages, group, client, topic, queue, from, count_max, bytes_max, suspend,
              filter, broadcasting)

enum class pull_status : std::uint8_t {
  found = 0,
  no_new_message = 1,     ///< nothing at or after `from` yet
  no_matched_message = 2, ///< messages were there, none passed the filter; go on at `next`
  offset_illegal = 3,     ///< `from` is outside min..max; go on at `next`
};

struct pulled_messages {
  pull_status status = pull_status::no_new_message;
  queue_offset next; ///< where to pull next
  queue_offset min;  ///< bounds of the queue now
  queue_offset max;
  std::int32_t count = 0;
  byte_block records; ///< whole records in commit-log layout, in queue order
};
CAFMQ_INSPECT(pulled_messages, status, next, min, max, count, records)

/// Asked by consumers and tools. Answer: `queue_bounds`.
struct get_queue_bounds {
  topic_name topic;
  queue_id queue;
};
CAFMQ_INSPECT(get_queue_bounds, topic, queue)

struct queue_bounds {
  queue_offset min;               ///< the oldest message that can be read
  queue_offset max;               ///< where the next message will go
  wall_time_ms min_timestamp = 0; ///< store time of the oldest and the newest message; 0: none
  wall_time_ms max_timestamp = 0;
};
CAFMQ_INSPECT(queue_bounds, min, max, min_timestamp, max_timestamp)

enum class time_boundary : std::uint8_t {
  lower = 0, ///< the smallest offset with store time >= t
  upper = 1, ///< the largest offset with store time <= t
};

/// Which offset belongs to a time? Answer: `found_offset`, within min..max.
struct search_offset {
  topic_name topic;
  queue_id queue;
  wall_time_ms timestamp = 0;
  time_boundary boundary = time_boundary::lower;
};
CAFMQ_INSPECT(search_offset, topic, queue, timestamp, boundary)

struct found_offset {
  queue_offset offset;
};
CAFMQ_INSPECT(found_offset, offset)

} // namespace cafmq
