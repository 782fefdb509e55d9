#pragma once

#include <string>
#include <vector>

#include "messages/topic.hpp"

namespace cafmq {

/// A broker announces itself and its topics to every name server: at start, at each topic change,
/// and every 30 s; repeated, it is the broker's heartbeat. The sender is monitored, so its death
/// removes it at once.
struct register_broker {
  cluster_name cluster;
  broker_name broker;
  std::int64_t broker_id = 0; ///< 0 master, above 0 slave
  std::string address;        ///< host:port, as clients reach it
  data_version version;
  std::vector<topic_config> topics; ///< the whole table
};
CAFMQ_INSPECT(register_broker, cluster, broker, broker_id, address, version, topics)

/// The answer to a registration; slaves will learn their master's address here.
struct broker_registered {
  std::string master_address;
};
CAFMQ_INSPECT(broker_registered, master_address)

/// A broker that stops cleanly leaves the routes before its clients notice a broken connection.
struct unregister_broker {
  cluster_name cluster;
  broker_name broker;
  std::int64_t broker_id = 0;
  std::string address;
};
CAFMQ_INSPECT(unregister_broker, cluster, broker, broker_id, address)

/// A client asks where a topic is served. Answer: `topic_route`. Error: errc::topic_not_exist.
struct get_topic_route {
  topic_name topic;
};
CAFMQ_INSPECT(get_topic_route, topic)

/// A client asks to be told (`topic_route_changed`) when the route of any of these topics changes;
/// replaces its earlier list. Forgotten when the client dies or `route_subscription_limit` passes
/// without a repeat: clients repeat it with each poll.
struct subscribe_routes {
  std::vector<topic_name> topics;
};
CAFMQ_INSPECT(subscribe_routes, topics)

/// News for a route subscriber. An empty route says that no live broker serves the topic any more.
struct topic_route_changed {
  topic_route route;
};
CAFMQ_INSPECT(topic_route_changed, route)

/// Asked by tools. Answer: `topic_list`.
struct list_topics {};
CAFMQ_INSPECT_EMPTY(list_topics)

struct topic_list {
  std::vector<topic_name> topics; ///< sorted
};
CAFMQ_INSPECT(topic_list, topics)

/// Asked by tools. Answer: `cluster_info`.
struct get_cluster_info {};
CAFMQ_INSPECT_EMPTY(get_cluster_info)

/// All live brokers, sorted by cluster and broker name.
struct cluster_info {
  std::vector<broker_route> brokers;
};
CAFMQ_INSPECT(cluster_info, brokers)

} // namespace cafmq
