#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "messages/ids.hpp"
#include "messages/inspect.hpp"

namespace cafmq {

/// Permission bits of a topic or broker (RocketMQ: PermName.java).
namespace permission {
inline constexpr std::int32_t inherit = 1;
inline constexpr std::int32_t write = 2;
inline constexpr std::int32_t read = 4;
inline constexpr std::int32_t read_write = read | write;
} // namespace permission

/// The topic whose presence allows a topic to be created by sending to it (RocketMQ:
/// TopicValidator.java).
inline constexpr const char* auto_create_topic_key = "TBW102";

/// A topic as one broker keeps it (RocketMQ: TopicConfig.java).
struct topic_config {
  topic_name topic;
  std::int32_t read_queues = 4;  ///< queues 0..n-1 may be consumed
  std::int32_t write_queues = 4; ///< queues 0..n-1 may be sent to
  std::int32_t perm = permission::read_write;
  std::int32_t sys_flag = 0;
  bool order = false;
  std::map<std::string, std::string> attributes;

  bool operator==(const topic_config&) const = default;
  bool readable() const { return (perm & permission::read) != 0; }
  bool writable() const { return (perm & permission::write) != 0; }
};
CAFMQ_INSPECT(topic_config, topic, read_queues, write_queues, perm, sys_flag, order, attributes)

/// The version of a broker's topic table: a name server replaces what it knows when it differs
/// (RocketMQ: DataVersion.java).
struct data_version {
  std::int64_t counter = 0;
  wall_time_ms timestamp = 0;

  bool operator==(const data_version&) const = default;
};
CAFMQ_INSPECT(data_version, counter, timestamp)

/// The queues of a topic on one broker name.
struct queue_route {
  broker_name broker;
  std::int32_t read_queues = 0;
  std::int32_t write_queues = 0;
  std::int32_t perm = 0;

  bool operator==(const queue_route&) const = default;
};
CAFMQ_INSPECT(queue_route, broker, read_queues, write_queues, perm)

/// Where the members of a broker name are reached, by broker id: 0 is the master.
struct broker_route {
  cluster_name cluster;
  broker_name broker;
  std::map<std::int64_t, std::string> addresses; ///< host:port of the native link

  bool operator==(const broker_route&) const = default;
};
CAFMQ_INSPECT(broker_route, cluster, broker, addresses)

/// Which live brokers serve a topic: what a client needs to send and consume. Sorted by broker
/// name.
struct topic_route {
  topic_name topic;
  std::vector<queue_route> queues;
  std::vector<broker_route> brokers;

  bool operator==(const topic_route&) const = default;
};
CAFMQ_INSPECT(topic_route, topic, queues, brokers)

} // namespace cafmq
