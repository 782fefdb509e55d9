#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "messages/ids.hpp"
#include "messages/inspect.hpp"

namespace cafmq {

/// Names of the properties that client and broker give a meaning to (RocketMQ: MessageConst.java).
namespace property {
inline constexpr std::string_view keys = "KEYS"; ///< separated by spaces
inline constexpr std::string_view tags = "TAGS"; ///< a message has one tag
inline constexpr std::string_view wait = "WAIT"; ///< "false": acknowledge before the disk has it
inline constexpr std::string_view unique_key = "UNIQ_KEY";
inline constexpr std::string_view delay = "DELAY";
inline constexpr std::string_view retry_topic = "RETRY_TOPIC";
inline constexpr std::string_view reconsume_time = "RECONSUME_TIME";
inline constexpr std::string_view sharding_key = "__SHARDINGKEY";
inline constexpr std::string_view cluster = "CLUSTER";
} // namespace property

/// What an application sends. Ordered properties, so that one message has one byte form.
struct message {
  topic_name topic;
  std::string body;
  std::map<std::string, std::string, std::less<>> properties{};
  std::int32_t flag = 0; ///< opaque to the broker

  /// The value of a property; empty when it is absent.
  std::string_view get(std::string_view name) const {
    auto i = properties.find(name);
    return i == properties.end() ? std::string_view{} : std::string_view{i->second};
  }
  void set(std::string_view name, std::string_view value) {
    properties.insert_or_assign(std::string{name}, std::string{value});
  }
  std::string_view tags() const { return get(property::tags); }
  std::string_view keys() const { return get(property::keys); }
  bool wait_store() const { return get(property::wait) != "false"; }
};
CAFMQ_INSPECT(message, topic, body, properties, flag)

/// A queue in the whole cluster. Ordered as RocketMQ's clients order it: topic, broker name, queue
/// id.
struct message_queue {
  topic_name topic;
  broker_name broker;
  queue_id id;

  auto operator<=>(const message_queue&) const = default;
};
CAFMQ_INSPECT(message_queue, topic, broker, id)

/// A queue on the broker that is being asked.
struct local_queue {
  topic_name topic;
  queue_id id;

  auto operator<=>(const local_queue&) const = default;
};
CAFMQ_INSPECT(local_queue, topic, id)

inline constexpr std::string_view retry_topic_prefix = "%RETRY%";
inline constexpr std::string_view dead_letter_topic_prefix = "%DLQ%";

} // namespace cafmq
