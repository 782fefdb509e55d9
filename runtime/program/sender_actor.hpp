#pragma once

#include "config/client_config.hpp"
#include "runtime/client/client_core.hpp"
#include "runtime/program/load_generator.hpp"

namespace cafmq::program {

/// As `send_load` with style sync, by actors instead of threads: each sender sends its next message
/// when it has the receipt of the last one. This is how programs written with CAF use a producer.
load_result send_load_by_actors(client_core& core, const producer_config& config,
                                const load_options& options, stop_signal& stop);

} // namespace cafmq::program
