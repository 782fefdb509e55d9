#pragma once

#include <caf/fwd.hpp>
#include <functional>
#include <vector>

#include "actors/client/message_encoder.hpp"
#include "actors/client/outgoing.hpp"
#include "actors/ports.hpp"
#include "config/client_config.hpp"
#include "messages/client_producing.hpp"

namespace cafmq {

/// Where a program's threads leave their sends for a producer actor.
struct outbox_port {
  /// What was left since the last call.
  std::function<std::vector<outgoing_run>()> take = [] { return std::vector<outgoing_run>{}; };
  /// The outcomes of one turn are out; among them ended sends that held room for so much.
  std::function<void(std::int64_t messages, std::int64_t bytes)> settle = [](std::int64_t,
                                                                             std::int64_t) {};
};

/// What a producer actor is given.
struct producer_parts {
  producer_config config;
  client_handle client;
  client_id id;
  message_encoder encoder; ///< for messages of actors; programs encode in their own threads
  wall_clock clock;
  random_source random;
  std::chrono::milliseconds heartbeat_interval{30'000};
  outbox_port outbox{};
  caf::execution_unit* home = nullptr; ///< where it runs; null: on the scheduler's workers
};

/// A producer: takes sends from actors as messages, and from a program's threads through its
/// outbox.
producer_handle spawn_producer(caf::actor_system& system, producer_parts parts);

} // namespace cafmq
