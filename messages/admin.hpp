#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "messages/byte_block.hpp"
#include "messages/consuming.hpp"
#include "messages/groups.hpp"
#include "messages/topic.hpp"

namespace cafmq {

/// Creates a topic on a broker or changes it; on disk before the answer `topic_changed`.
/// Errors: invalid_parameter, topic_exist_already (with `must_be_new`), no_permission (system
/// topic), io_error.
struct update_topic {
  topic_config config;
  bool must_be_new = false;
};
CAFMQ_INSPECT(update_topic, config, must_be_new)

struct topic_changed {
  topic_config config; ///< as it stands now
};
CAFMQ_INSPECT(topic_changed, config)

/// Deletes a topic, its queues and all groups' offsets in them on a broker. Its records stay in the
/// log until retention. Answer: `topic_deleted`. After an io_error the topic is still there, maybe
/// without its messages, and can be deleted again.
struct delete_topic {
  topic_name topic;
};
CAFMQ_INSPECT(delete_topic, topic)

struct topic_deleted {};
CAFMQ_INSPECT_EMPTY(topic_deleted)

/// Answer: `topic_configs`, the broker's whole table or just `topic` when it is named.
struct get_topic_configs {
  topic_name topic;
};
CAFMQ_INSPECT(get_topic_configs, topic)

struct topic_configs {
  std::vector<topic_config> topics;
};
CAFMQ_INSPECT(topic_configs, topics)

/// Answer: `topic_stats`.
struct get_topic_stats {
  topic_name topic;
};
CAFMQ_INSPECT(get_topic_stats, topic)

struct queue_stats {
  queue_id queue;
  queue_bounds bounds;
};
CAFMQ_INSPECT(queue_stats, queue, bounds)

struct topic_stats {
  std::vector<queue_stats> queues;
};
CAFMQ_INSPECT(topic_stats, queues)

/// The broker to one of its groups. Answer: `group_summary`.
struct get_group_summary {};
CAFMQ_INSPECT_EMPTY(get_group_summary)

/// Answer: `group_list`, every producer and consumer group the broker knows.
struct list_groups {};
CAFMQ_INSPECT_EMPTY(list_groups)

struct group_summary {
  group_name group;
  bool consumers = true; ///< false: a producer group
  std::int32_t members = 0;
  message_model model = message_model::clustering;
  std::vector<subscription> subscriptions;
};
CAFMQ_INSPECT(group_summary, group, consumers, members, model, subscriptions)

struct group_list {
  std::vector<group_summary> groups;
};
CAFMQ_INSPECT(group_list, groups)

/// Answer: `group_description`. Error: group_not_exist.
struct describe_group {
  group_name group;
};
CAFMQ_INSPECT(describe_group, group)

struct member_summary {
  client_id client;
  std::vector<local_queue> queues; ///< its queues on this broker
  std::int64_t silent_ms = 0;      ///< since its last heartbeat
};
CAFMQ_INSPECT(member_summary, client, queues, silent_ms)

struct group_queue {
  local_queue queue;
  client_id owner; ///< empty: nobody
  queue_offset committed;
  queue_offset max; ///< lag = max - committed (or - min when nothing is committed)
  queue_offset min;
};
CAFMQ_INSPECT(group_queue, queue, owner, committed, max, min)

struct group_description {
  group_summary summary;
  std::vector<member_summary> members;
  std::vector<group_queue> queues;
};
CAFMQ_INSPECT(group_description, summary, members, queues)

/// The record at a log position. Answer: `found_messages` with one record. Error:
/// message_not_found.
struct view_message {
  log_position position;
};
CAFMQ_INSPECT(view_message, position)

/// Messages of a topic with a key, by the key index. Answer: `found_messages`; hash collisions are
/// still in it, the asker compares.
struct query_messages {
  topic_name topic;
  std::string key; ///< a message key or a unique key
  std::int32_t count_max = 32;
  wall_time_ms begin = 0;
  wall_time_ms end = INT64_MAX;
};
CAFMQ_INSPECT(query_messages, topic, key, count_max, begin, end)

struct found_messages {
  std::int32_t count = 0;
  byte_block records;
};
CAFMQ_INSPECT(found_messages, count, records)

/// Answer: `broker_status`.
struct get_broker_status {};
CAFMQ_INSPECT_EMPTY(get_broker_status)

struct broker_status {
  cluster_name cluster;
  broker_name broker;
  std::int64_t broker_id = 0;
  std::string version;
  wall_time_ms started_at = 0;
  bool accepts_messages = true;
  std::string refusal; ///< why not, a sentence
  log_position log_min;
  log_position log_max;
  log_position log_flushed;
  std::int64_t messages_in = 0; ///< since the start
  std::int64_t messages_out = 0;
  std::int32_t topics = 0;
  std::int32_t queues = 0; ///< queue actors alive
  std::int32_t groups = 0;
};
CAFMQ_INSPECT(broker_status, cluster, broker, broker_id, version, started_at, accepts_messages,
              refusal, log_min, log_max, log_flushed, messages_in, messages_out, topics, queues,
              groups)

} // namespace cafmq
