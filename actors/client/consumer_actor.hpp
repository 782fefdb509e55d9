#pragma once

#include <caf/expected.hpp>
#include <caf/fwd.hpp>
#include <functional>
#include <vector>

#include "actors/ports.hpp"
#include "config/client_config.hpp"
#include "messages/client_consuming.hpp"

namespace cafmq {

/// What a consumer actor is given. One of `listener` and `listen` hears the messages.
struct consumer_parts {
  consumer_config config;
  client_handle client;
  client_id id;
  std::vector<subscription> subscriptions;
  /// An actor of the application; it reads its batches with `for_each_message`. When it dies, the
  /// consumer leaves its group and ends.
  listener_handle listener;
  /// A program's own way to its listeners: it takes the batch without blocking, and later sends a
  /// `consume_result` to the consumer, whose handle it must let go then.
  std::function<void(consume_batch, const consumer_handle&)> listen;
  /// With `listen`: takes the revoked batches back that have not reached a listener yet; no result
  /// follows for them.
  std::function<std::vector<delivery_id>()> recall;
  std::int32_t listener_threads = 1; ///< how many batches the listener works on at once
  local_offset_handle local_offsets; ///< broadcasting: keeps the offsets; null: nobody does
  wall_clock clock;
  std::chrono::milliseconds heartbeat_interval{30'000};
  std::chrono::milliseconds request_limit{3'000}; ///< for requests that are no pulls
};

/// Starts a consumer: a member of its group that pulls messages and has its listener consume them,
/// until `close_consumer` or an exit message. Errors: subscription_parse_failed, invalid_parameter.
caf::expected<consumer_handle> spawn_consumer(caf::actor_system& system, consumer_parts parts);

} // namespace cafmq
