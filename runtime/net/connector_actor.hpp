#pragma once

#include <caf/fwd.hpp>
#include <chrono>

#include "messages/client.hpp"

namespace cafmq {

/// The actor that dials. Each connect has a thread of its own while it lasts, so that an address
/// that swallows packets holds up nothing else; `limit` bounds the TCP connect, and the handshake
/// again.
connector_handle spawn_connector(caf::actor_system& system, std::chrono::milliseconds limit);

} // namespace cafmq
