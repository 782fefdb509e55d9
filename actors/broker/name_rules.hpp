#pragma once

#include <caf/expected.hpp>
#include <string_view>
#include <vector>

#include "config/broker_config.hpp"
#include "messages/ids.hpp"
#include "messages/topic.hpp"

namespace cafmq {

// What topics and groups may be called, and the names that mean something to brokers and tools
// (RocketMQ: TopicValidator.java, Validators.java).

inline constexpr std::size_t topic_name_bytes_max = 127;
inline constexpr std::size_t retry_topic_name_bytes_max = 255; ///< %RETRY% and %DLQ% topics
inline constexpr std::size_t group_name_bytes_max = 120;

/// errc::invalid_parameter for an empty or too long name, or one with bytes other than letters,
/// digits, `_`, `-`, `%` and `|`.
caf::expected<void> check_name(const topic_name& topic);
caf::expected<void> check_name(const group_name& group);

/// A topic that the broker makes itself; nobody may change or delete it.
bool is_system_topic(const topic_name& topic, const cluster_name& cluster,
                     const broker_name& broker);
bool is_system_topic(const topic_name& topic, const broker_config& config);

/// False for the system topics that only the broker itself writes.
bool is_open_to_clients(const topic_name& topic);

/// `%RETRY%` topics.
bool is_retry_topic(const topic_name& topic);

/// The group under whose name tools look at messages. Pulls under it need no group and make none
/// (RocketMQ: MixAll.java).
inline constexpr std::string_view tools_group = "TOOLS_CONSUMER";
bool is_tools_group(const group_name& group);

/// The topics a broker has from its first start on (RocketMQ: TopicConfigManager.java): the key for
/// creating topics by sending, where the configuration allows that; topics named like cluster and
/// broker; and those that later parts of a broker and Apache's tools expect.
std::vector<topic_config> system_topics(const broker_config& config);

} // namespace cafmq
