#pragma once

#include <chrono>
#include <compare>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/name_server_config.hpp"
#include "messages/name_server.hpp"

namespace cafmq {

/// One member of a broker name, as it registered.
struct broker_key {
  cluster_name cluster;
  broker_name broker;
  std::int64_t broker_id = 0;
  std::string address;

  auto operator<=>(const broker_key&) const = default;
};

/// Which live brokers serve which topics, rebuilt from registrations alone. The rules of
/// RocketMQ's RouteInfoManager, but a registration carries the whole topic table, so a topic that
/// is missing in a changed one is gone.
class route_table {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit route_table(name_server_config config = {}) : config_(config) {}

  struct registration {
    std::string master_address;      ///< of the same broker name; empty: none lives
    std::vector<topic_name> changed; ///< topics whose route is another now, sorted
  };

  /// Adds a broker or replaces what is known of it; the same again is its heartbeat and changes
  /// nothing. Topics are taken from the master (id 0) only, when it comes first or with another
  /// data version. An address that registered under another id of the name leaves that id.
  registration add(const register_broker& broker, time_point now);

  /// Forgets a member; with the last one its broker name leaves the routes. An id that another
  /// address has taken over meanwhile stays with that. Returns the topics whose route changed.
  std::vector<topic_name> remove(const broker_key& member);

  struct expiry {
    std::vector<broker_key> members;
    std::vector<topic_name> changed;
  };
  /// Forgets every member unheard for longer than `broker_not_active_timeout`.
  expiry expire(time_point now);

  /// The route of a topic; nothing when no live broker serves it.
  std::optional<topic_route> find(const topic_name& topic) const;

  /// All topics that somebody serves, sorted.
  std::vector<topic_name> topics() const;

  /// All live brokers, sorted by cluster and broker name.
  std::vector<broker_route> brokers() const;

private:
  struct named_broker {
    broker_route route;
    std::optional<data_version> version; ///< of the topics known; nothing before the master came
  };

  void replace_topics(const register_broker& broker, std::vector<topic_name>& changed);
  void remove_topics(const broker_name& broker, std::vector<topic_name>& changed);
  void add_topics_of(const broker_name& broker, std::vector<topic_name>& changed) const;

  name_server_config config_;
  std::map<broker_name, named_broker> brokers_;
  std::map<topic_name, std::map<broker_name, queue_route>> topics_;
  std::map<broker_key, time_point> heard_;
};

/// The key under which a registration is kept.
broker_key key_of(const register_broker& x);
broker_key key_of(const unregister_broker& x);

} // namespace cafmq
