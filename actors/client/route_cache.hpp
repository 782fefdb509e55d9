#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "messages/client.hpp"

namespace cafmq {

/// Queues of a topic that a producer creates by sending: as many as TBW102 offers, at most this
/// (RocketMQ: DefaultMQProducer.defaultTopicQueueNums).
inline constexpr std::int32_t auto_created_queues_max = 4;

/// What a client knows of the topics that its producers and consumers watch: the newest routes, and
/// what becomes of them in a view.
class route_cache {
public:
  /// Returns whether the topic may be created by sending from now on, and might not before.
  bool watch(const topic_name& topic, bool auto_create);
  void unwatch(const topic_name& topic);
  bool watched(const topic_name& topic) const { return topics_.count(topic) > 0; }
  std::vector<topic_name> topics() const;

  /// A name server's answer; an empty route: nobody serves the topic. A route that is known
  /// outlives that news: the name server may be new and empty, the broker may be restarting, and
  /// whoever asks a broker for a topic that is really gone is told by the broker. Returns whether
  /// anything changed.
  bool update(const topic_route& route);
  /// Topics to ask for: the watched ones, and TBW102 when one of them may be created by sending.
  std::vector<topic_name> wanted() const;
  /// Watched topics whose view depends on the route of `topic`: itself, or for TBW102 those that
  /// may be created.
  std::vector<topic_name> dependents(const topic_name& topic) const;

  /// The queues of a topic; links are the caller's. A topic nobody serves has problem
  /// topic_not_exist.
  topic_view view(const topic_name& topic) const;
  /// Master addresses of the brokers in the view of `topic`, by broker name.
  std::map<broker_name, std::string> master_addresses(const topic_name& topic) const;

private:
  struct watched_topic {
    bool auto_create = false;
    std::optional<topic_route> route; ///< nullopt: not answered yet
  };

  /// The route that the view of `topic` is made of: its own, else TBW102's where that may stand in.
  const topic_route* serving(const topic_name& topic) const;

  std::map<topic_name, watched_topic> topics_;
  std::optional<topic_route> template_; ///< of TBW102
};

} // namespace cafmq
