#pragma once

#include <caf/actor_system.hpp>
#include <caf/expected.hpp>
#include <caf/io/middleman.hpp>
#include <cstdint>
#include <string>

#include "messages/errors.hpp"

namespace cafmq {

/// Opens a port of the native link for `handle`, on one address only (CAF's default would be all of
/// them), and returns the port; 0 takes a free one. Error: io_error, naming the address.
template <class Handle>
caf::expected<std::uint16_t> publish(caf::actor_system& system, const Handle& handle,
                                     const std::string& bind_address, std::uint16_t port) {
  auto opened = system.middleman().publish(handle, port, bind_address.c_str(), true);
  if (opened) return *opened;
  return make_error(
    errc::io_error,
    "port " + std::to_string(port) + " of " + bind_address
      + " cannot be opened: another process uses it, or the address is not of this machine");
}

} // namespace cafmq
