#pragma once

#include <caf/expected.hpp>
#include <caf/fwd.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "messages/handles.hpp"

namespace cafmq::test {

/// What a fake broker has been asked, and how it answers sends. Shared by the test and the actor.
struct fake_broker_script {
  /// Answers a batch; without it each is stored at once. nullopt: no answer, ever.
  std::function<std::optional<caf::expected<send_receipt>>(const send_batch&)> on_send;
  bool keep_batches = true;

  std::vector<send_batch> batches; ///< every one received, in order
  std::vector<join_producer_group> joined;
  std::vector<leave_producer_group> left;
  std::int64_t records = 0; ///< stored
  std::int64_t bytes = 0;
};

/// A broker that stores nothing: it answers sends as its script says and other requests with
/// no_permission.
broker_handle spawn_fake_broker(caf::actor_system& system,
                                std::shared_ptr<fake_broker_script> script);

/// A name server that answers every question for a route with the one route it is given, under the
/// asked topic's name.
name_server_handle spawn_fake_name_server(caf::actor_system& system, topic_route route);

} // namespace cafmq::test
