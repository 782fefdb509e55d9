#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>

#include "config/node_config.hpp"

namespace cafmq {

/// A node could not be started; `what()` is a sentence that says why and what to do.
class node_failed : public std::runtime_error {
public:
  using std::runtime_error::runtime_error;
};

/// A name server and a broker in this process, on free ports of the loopback interface: for tests
/// and embedding. `directory`: where the broker keeps its store; empty: in memory.
node_config embedded_node_config(const std::string& directory = {});

/// A running node: the roles of its configuration, served from construction to destruction. Nothing
/// of CAF is needed to use it. Starts in tens of milliseconds, on an existing store after its
/// recovery.
///
///     cafmq::node node{cafmq::embedded_node_config()};
///     // clients use node.name_server_address()
class node {
public:
  /// Serves when it returns: its ports are open, and a broker is registered with a name server that
  /// can be reached (a broker whose name servers are all away starts all the same, and registers
  /// when they come). Throws node_failed.
  explicit node(node_config config);
  node(node&&) noexcept;
  node& operator=(node&&) noexcept;
  /// As `stop`.
  ~node();

  /// Stops the roles in reverse order: the broker leaves the routes, everything acknowledged is on
  /// disk, offsets are written. Takes ten seconds at most; returns false when a role did not end by
  /// then.
  bool stop();

  /// host:port of its name server and broker; empty when it runs none.
  std::string name_server_address() const;
  std::string broker_address() const;
  std::uint16_t name_server_port() const; ///< 0: none
  std::uint16_t broker_port() const;      ///< 0: none

  /// Calls `report` with a sentence when a role ends by itself, for example because its disk
  /// failed; at once, if that has happened. Called from a thread of the node: it must not stop it.
  void on_failure(std::function<void(const std::string&)> report);

private:
  class running;
  std::unique_ptr<running> running_;
};

} // namespace cafmq
