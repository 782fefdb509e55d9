#pragma once

#include <set>
#include <string>

#include "config/node_config.hpp"

namespace cafmq {

/// Everything that can be configured, with its defaults: what a configuration file and `--set`
/// write into. A section that is present is a role that runs; `node` and `client` need not be
/// there.
struct settings {
  node_config node; ///< its two roles stay empty here, see `as_node`
  name_server_config name_server;
  broker_config broker; ///< with the store
  client_config client;
  producer_config producer;                    ///< JSON section `client`, too
  consumer_config consumer;                    ///< JSON section `client`, too
  std::set<std::string, std::less<>> sections; ///< those that were given: node, namesrv, ...

  bool has(std::string_view section) const { return sections.contains(section); }

  /// The node with the roles whose sections are present.
  node_config as_node() const {
    node_config result = node;
    if (has("namesrv")) result.name_server = name_server;
    if (has("broker")) result.broker = broker;
    return result;
  }
};

/// All roles in one process, as `cafmq standalone` runs them: a name server, and a broker with its
/// store in memory.
inline settings standalone_settings() {
  settings result;
  result.sections = {"node", "namesrv", "broker", "store", "client"};
  return result;
}

} // namespace cafmq
