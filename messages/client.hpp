#pragma once

#include <map>
#include <string>
#include <vector>

#include "messages/errors.hpp"
#include "messages/handles.hpp"

namespace cafmq {

// What is said inside one client program: producers and consumers to their client actor, which
// keeps routes and links, and the client actor (or a broker) to the connector, which dials. None of
// it leaves the process.

/// To the connector: who answers at this address, host:port? Answer: `name_server_link`, after a
/// checked handshake. Error: broker_not_exist with a sentence when nobody (suitable) answers within
/// the connect timeout.
struct connect_name_server {
  std::string address;
};
CAFMQ_INSPECT(connect_name_server, address)

struct name_server_link {
  name_server_handle handle;
};
CAFMQ_INSPECT(name_server_link, handle)

/// To the connector, likewise. Answer: `broker_link`.
struct connect_broker {
  std::string address;
};
CAFMQ_INSPECT(connect_broker, address)

struct broker_link {
  broker_handle handle;
};
CAFMQ_INSPECT(broker_link, handle)

/// To the client actor: the sender wants `topic_view` for this topic, now and whenever it changes,
/// until it dies or unwatches. `auto_create`: a topic nobody serves is looked up as TBW102, for a
/// producer that may create it by sending.
struct watch_topic {
  topic_name topic;
  bool auto_create = false;
};
CAFMQ_INSPECT(watch_topic, topic, auto_create)

struct unwatch_topic {
  topic_name topic;
};
CAFMQ_INSPECT(unwatch_topic, topic)

/// To the client actor: a broker of this topic just failed a request; look the route up now rather
/// than with the next poll.
struct refresh_topic {
  topic_name topic;
};
CAFMQ_INSPECT(refresh_topic, topic)

/// The queues of a topic and the links to their brokers, as far as known. A topic without queues
/// carries the reason in `problem`; without a reason nobody has answered yet.
struct topic_view {
  topic_name topic;
  std::vector<message_queue> write_queues; ///< sorted
  std::vector<message_queue> read_queues;  ///< sorted
  /// Connected ones only: a broker that is down is in the queues but not here. One that has left
  /// the route stays here as long as its link lives.
  std::map<broker_name, broker_handle> brokers;
  std::map<broker_name, std::string> addresses; ///< host:port of each master
  std::uint8_t problem = 0; ///< an errc: no_name_server, topic_not_exist; 0: none
  std::string problem_sentence;
};
CAFMQ_INSPECT(topic_view, topic, write_queues, read_queues, brokers, addresses, problem,
              problem_sentence)

/// The client actor's reminders to itself.
struct client_tick {};
CAFMQ_INSPECT_EMPTY(client_tick)

struct poll_routes {};
CAFMQ_INSPECT_EMPTY(poll_routes)

/// The connector of a process.
using connector_handle =
  typed_handle<name_server_link(connect_name_server), broker_link(connect_broker)>;

/// A producer or consumer, as its client actor addresses it.
using topic_watcher_handle = typed_handle<void(topic_view)>;

/// The client actor of a process: routes, name server choice, links. Tools ask it the name server's
/// questions.
using client_handle = typed_handle<void(watch_topic), void(unwatch_topic), void(refresh_topic),
                                   topic_route(get_topic_route), topic_list(list_topics),
                                   cluster_info(get_cluster_info), broker_link(connect_broker)>;

} // namespace cafmq
