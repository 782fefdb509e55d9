#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "config/broker_config.hpp"
#include "config/client_config.hpp"
#include "config/name_server_config.hpp"

namespace cafmq {

/// One process: the roles it runs and what they share. JSON sections `node`, `namesrv`, `broker`,
/// `store`, `client`.
struct node_config {
  std::uint32_t scheduler_threads = 0; ///< 0: one a core
  /// The native link obeys whoever reaches it, so binding it beyond loopback must be asked for in
  /// so many words.
  bool trusted_network = false;
  /// CAF drops a connection that was silent for so long, and beats three times as often; 0 turns
  /// both off. It must be on at both ends or at none.
  std::chrono::milliseconds connection_timeout{120'000};
  std::string log_level = "info"; ///< debug, info, warn, error, off
  std::string log_file;           ///< empty: standard error
  std::optional<name_server_config> name_server;
  std::optional<broker_config> broker;
};

} // namespace cafmq
