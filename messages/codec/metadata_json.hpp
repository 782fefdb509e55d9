#pragma once

#include <caf/expected.hpp>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "messages/ids.hpp"
#include "messages/topic.hpp"

namespace cafmq {

// The files of a store's config/ directory in RocketMQ's shapes. What is read:
//
//   topics.json {"dataVersion":{..},"topicConfigTable":{"<topic>":{"readQueueNums":4,..}}}
//   consumerOffset.json     {"dataVersion":{..},"offsetTable":{"<topic>@<group>":{0:17,1:18}}}
//   subscriptionGroup.json  {"dataVersion":{..},"subscriptionGroupTable":{"<group>":{..}}}
//
// fastjson's keys without quotes are accepted and written with quotes, which fastjson accepts. What
// a newer or other broker keeps in a file besides is carried from reading to writing in `others`,
// as JSON text that nobody but these functions looks into; `groupTopicMap` alone is dropped, since
// it follows from the offsets and RocketMQ ignores it.
//
// Each `read_` function returns store_corrupt, with a sentence, for a text that is empty, no JSON
// or of another shape.

/// config/topics.json (RocketMQ: TopicConfigManager.java).
struct topics_document {
  data_version version;
  std::map<topic_name, topic_config> topics;
  std::string others;
};

caf::expected<topics_document> read_topics_json(std::string_view text);
std::string write_topics_json(const topics_document& document);

/// Whose progress, and in what.
struct group_topic {
  topic_name topic;
  group_name group;

  auto operator<=>(const group_topic&) const = default;
};

/// config/consumerOffset.json (RocketMQ: ConsumerOffsetManager.java): for each queue the next
/// offset to consume.
struct offsets_document {
  data_version version; ///< zero in files of RocketMQ 4.9, which have none
  std::map<group_topic, std::map<queue_id, queue_offset>> offsets;
  std::string others;
};

caf::expected<offsets_document> read_offsets_json(std::string_view text);
std::string write_offsets_json(const offsets_document& document);

/// What of a group's settings a broker enforces (RocketMQ: SubscriptionGroupConfig.java).
struct group_settings {
  bool consume_enable = true;           ///< false: the group may not pull
  bool consume_broadcast_enable = true; ///< false: no broadcasting members
  std::int32_t retry_queues = 1;
  std::int32_t retry_times_max = 16;

  bool operator==(const group_settings&) const = default;
};

/// config/subscriptionGroup.json (RocketMQ: SubscriptionGroupManager.java).
struct groups_document {
  data_version version;
  std::map<group_name, group_settings> groups;
  std::string others;
};

caf::expected<groups_document> read_groups_json(std::string_view text);
std::string write_groups_json(const groups_document& document);

/// config/deletedTopics.json, which only CafMQ has: {"deletedTopicTable":{"<topic>":4711}}. The log
/// keeps the messages of a deleted topic until their segments go; they lie before the position
/// where it ended at the deletion, those of a topic that was made again behind it.
struct topic_deletions {
  std::map<std::string, log_position, std::less<>> log_ends;

  /// Whether the record of `topic` at `position` went with its topic.
  bool covers(std::string_view topic, log_position position) const {
    const auto found = log_ends.find(topic);
    return found != log_ends.end() && position < found->second;
  }

  bool operator==(const topic_deletions&) const = default;
};

caf::expected<topic_deletions> read_deletions_json(std::string_view text);
std::string write_deletions_json(const topic_deletions& deletions);

} // namespace cafmq
