#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <string>

namespace cafmq {

/// A TCP port that is ours before anybody listens on it: a broker must know its address before its
/// actor exists, and the actor must exist before the port is opened. Keep it until the port is
/// open; then let it go.
class port_reservation {
public:
  /// `port` 0 takes a free one. Error: io_error, naming the address, when the port is in use or the
  /// address is not of this machine.
  static caf::expected<port_reservation> make(const std::string& bind_address, std::uint16_t port);

  port_reservation(port_reservation&& other) noexcept;
  port_reservation& operator=(port_reservation&& other) noexcept;
  ~port_reservation();

  std::uint16_t port() const { return port_; }

private:
  port_reservation(int fd, std::uint16_t port) : fd_(fd), port_(port) {}
  int fd_ = -1;
  std::uint16_t port_ = 0;
};

} // namespace cafmq
