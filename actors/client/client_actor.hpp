#pragma once

#include <caf/fwd.hpp>

#include "actors/ports.hpp"
#include "config/client_config.hpp"
#include "messages/client.hpp"

namespace cafmq {

/// The client of a process: routes of the topics that its producers and consumers watch, the name
/// server they come from, links to the brokers in them. `config.namesrv_addr` must not be empty.
client_handle spawn_client(caf::actor_system& system, client_config config,
                           connector_handle connector, random_source random);

} // namespace cafmq
