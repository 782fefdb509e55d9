#pragma once

#include <caf/actor_system.hpp>
#include <caf/expected.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "config/broker_config.hpp"
#include "messages/client.hpp"

namespace cafmq {

/// A broker with everything that it owns: store, commit log, metadata, front door, open port.
class broker_role {
public:
  /// Opens the store (and recovers it), starts the actors and opens the port. Errors: io_error,
  /// store_locked, store_corrupt, each with a sentence.
  static caf::expected<std::unique_ptr<broker_role>>
  start(caf::actor_system& system, const broker_config& config, const connector_handle& connector);

  ~broker_role();

  /// Closes the port, ends the broker, then what it stores with; false when something has not ended
  /// by `deadline`.
  bool stop(std::chrono::steady_clock::time_point deadline);

  caf::strong_actor_ptr handle() const;
  std::string address() const; ///< host:port that clients are told
  std::uint16_t port() const;

private:
  struct parts;
  explicit broker_role(std::unique_ptr<parts> inside);
  std::unique_ptr<parts> parts_;
};

} // namespace cafmq
