#pragma once

#include <map>
#include <vector>

#include "actors/consumer_group/queue_allocation.hpp"
#include "messages/ids.hpp"
#include "messages/message.hpp"

namespace cafmq {

/// The queues of a group's topics in the whole cluster, as the broker tells them.
class cluster_queues {
public:
  cluster_queues() = default;
  explicit cluster_queues(broker_name own) : own_(std::move(own)) {}

  /// All readable queues of `topic` are these now; those of other topics are ignored.
  void set(const topic_name& topic, std::vector<message_queue> queues);
  bool knows(const topic_name& topic) const { return topics_.contains(topic); }
  /// Forgets all topics but these, which are sorted.
  void keep(const std::vector<topic_name>& topics);

  /// Who shall own each queue of this broker. The strategies share out each topic over all its
  /// queues in the cluster, as RocketMQ's clients do; a queue without an owner is missing.
  std::map<local_queue, client_id> wanted_owners(const std::vector<sharing_member>& members) const;

  /// The queues that are on this broker, sorted.
  std::vector<local_queue> local() const;

private:
  broker_name own_;
  std::map<topic_name, std::vector<message_queue>> topics_;
};

} // namespace cafmq
