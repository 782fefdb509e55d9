#pragma once

#include <caf/expected.hpp>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "messages/errors.hpp"

namespace cafmq {

struct host_port {
  std::string host;
  std::uint16_t port = 0;
};

/// Reads "host:port"; an IPv6 host stands in brackets. Error: invalid_parameter.
caf::expected<host_port> parse_address(std::string_view address);

/// A connected TCP socket to `address`, owned by the caller. Blocks for `limit` at most (after name
/// resolution), so call it from a thread of its own. Error: broker_not_exist, naming the address
/// and the system's reason.
caf::expected<int> dial(const host_port& address, std::chrono::milliseconds limit);

} // namespace cafmq
