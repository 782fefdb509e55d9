#pragma once

namespace caf {
class actor_system_config;
}

namespace cafmq {

/// Makes every message and error of CafMQ known to an actor system; call it before the system
/// exists. An application that spawns client actors in its own system calls it, too.
void register_messages(caf::actor_system_config& config);

} // namespace cafmq
