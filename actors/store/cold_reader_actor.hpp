#pragma once

#include "actors/load.hpp"
#include "actors/ports.hpp"
#include "actors/store/store_view.hpp"
#include "messages/handles.hpp"

namespace caf {
class actor_system;
}

namespace cafmq {

/// Starts an actor that answers what may have to wait for the disk, so that no scheduler thread
/// does: queue actors delegate to it what `store_view::read_resident` does not answer. It holds
/// nothing back: a pull that finds nothing is answered so.
cold_reader_handle spawn_cold_reader(caf::actor_system& system, placement where, store_view view);

} // namespace cafmq
