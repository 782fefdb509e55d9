#pragma once

#include "config/name_server_config.hpp"
#include "messages/handles.hpp"

namespace caf {
class actor_system;
}

namespace cafmq {

/// Starts a name server: routes, in memory only, rebuilt from the registrations of live brokers.
name_server_handle spawn_name_server(caf::actor_system& system, name_server_config config);

} // namespace cafmq
