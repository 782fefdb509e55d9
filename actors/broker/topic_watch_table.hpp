#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "messages/storing.hpp"
#include "messages/topic.hpp"

namespace cafmq {

/// Which consumer groups of a broker want to know all queues of which topics, and what those queues
/// are: the broker's own, which it knows for certain, and those of other brokers by the last route
/// that a name server gave.
class topic_watch_table {
public:
  using watcher = std::uint64_t; ///< a ticket of the shell

  struct news {
    watcher to = 0;
    topic_queues_changed what;
  };

  topic_watch_table() = default;
  explicit topic_watch_table(broker_name own) : own_(std::move(own)) {}

  struct watched {
    std::vector<news> now;                ///< the state of each new topic of the list
    std::vector<topic_name> first_wanted; ///< topics that nobody watched before: ask for routes
  };
  /// Replaces the topics of `who`. `own_queues(topic)` gives the readable queues here.
  template <class OwnQueues>
  watched watch(watcher who, const std::vector<topic_name>& topics, OwnQueues&& own_queues) {
    watched result;
    auto added = replace(who, topics, result);
    for (const auto& topic : result.first_wanted)
      topics_[topic].own_queues = own_queues(topic);
    for (const auto& topic : added)
      result.now.push_back({who, {topic, queues(topic)}});
    return result;
  }
  void remove(watcher who);

  /// The readable queues of a topic here are `own_queues` now.
  std::vector<news> own_changed(const topic_name& topic, std::int32_t own_queues);

  /// A name server's view of a topic. One that lacks this broker's own queues comes from a name
  /// server that does not know the cluster yet, and is ignored.
  std::vector<news> route_learned(const topic_route& route);

  /// All queues of a watched topic that can be read, sorted.
  std::vector<message_queue> queues(const topic_name& topic) const;

  /// Watched topics, sorted.
  std::vector<topic_name> topics() const;

private:
  struct entry {
    std::set<watcher> watchers;
    std::int32_t own_queues = 0;
    std::vector<queue_route> others;
  };
  std::vector<topic_name> replace(watcher who, const std::vector<topic_name>& topics,
                                  watched& result);
  std::vector<news> tell(const topic_name& topic) const;

  broker_name own_;
  std::map<topic_name, entry> topics_;
  std::map<watcher, std::set<topic_name>> watchers_;
};

} // namespace cafmq
