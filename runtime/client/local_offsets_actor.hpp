#pragma once

#include <caf/expected.hpp>
#include <string>

#include "messages/client_consuming.hpp"

namespace caf {
class actor_system;
}

namespace cafmq {

/// Keeps the offsets of broadcasting consumers in `directory/<group>/<client id>.json`; an empty
/// directory is ~/.cafmq_offsets. A file is replaced as a whole, so a crash leaves the old or the
/// new one. Detached: it owns files.
local_offset_handle spawn_local_offsets(caf::actor_system& system, const std::string& directory);

/// The file's text, and back. Error: store_corrupt.
std::string offsets_text(const std::vector<consumed_position>& positions);
caf::expected<std::vector<consumed_position>> parse_offsets(const std::string& text);

} // namespace cafmq
