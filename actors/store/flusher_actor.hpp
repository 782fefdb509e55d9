#pragma once

#include "actors/ports.hpp"
#include "messages/handles.hpp"

namespace caf {
class actor_system;
}

namespace cafmq {

/// Starts the actor that waits for the disk in the commit log's stead.
flusher_handle spawn_flusher(caf::actor_system& system, placement where);

} // namespace cafmq
