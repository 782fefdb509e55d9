#pragma once

#include <memory>

#include "actors/ports.hpp"
#include "actors/store/store_view.hpp"
#include "messages/handles.hpp"

namespace caf {
class actor_system;
}

namespace cafmq {

/// Starts the actor that answers what may have to wait for the disk, so that no other
/// actor does. It holds nothing back: a pull that finds nothing is answered so.
cold_reader_handle spawn_cold_reader(caf::actor_system& system, placement where,
                                     std::shared_ptr<const store_view> view);

} // namespace cafmq
