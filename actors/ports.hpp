#pragma once

#include <cstdint>
#include <functional>

#include "messages/ids.hpp"

namespace cafmq {

/// What time it is for people and for records. Real: the system clock; tests and simulations:
/// whatever they say.
using wall_clock = std::function<wall_time_ms()>;

/// The next random number. Real: seeded from the operating system; tests and simulations: from
/// their one seed.
using random_source = std::function<std::uint64_t()>;

/// Where an actor runs. Actors that own files get a thread of their own in a real node; on virtual
/// time all share the one there is.
enum class placement { shared_thread, own_thread };

} // namespace cafmq
