#pragma once

#include "config/broker_config.hpp"
#include "messages/handles.hpp"

namespace caf {
class actor_system;
}

namespace cafmq {

/// Starts the producer group `group` of a broker: who lives in it.
producer_group_handle spawn_producer_group(caf::actor_system& system, const broker_config& config,
                                           const group_name& group);

} // namespace cafmq
