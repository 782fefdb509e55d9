#include "runtime/net/port_reservation.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "messages/errors.hpp"

namespace cafmq {

namespace {

std::uint16_t bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  if (address.ss_family == AF_INET6)
    return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

} // namespace

caf::expected<port_reservation> port_reservation::make(const std::string& bind_address,
                                                       std::uint16_t port) {
  auto refuse = [&](const std::string& reason) {
    return make_error(errc::io_error, "port " + std::to_string(port) + " of " + bind_address
                                        + " cannot be opened: " + reason);
  };
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  const int unresolved =
    ::getaddrinfo(bind_address.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (unresolved != 0) return refuse(::gai_strerror(unresolved));
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> guard{found, ::freeaddrinfo};
  const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return refuse(std::strerror(errno));
  // With this option, and as long as this socket does not listen, the actor system may open the
  // same port beside it; processes that ask for any free port do not get it.
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(fd, found->ai_addr, found->ai_addrlen) != 0) {
    const int problem = errno;
    ::close(fd);
    return refuse(problem == EADDRINUSE ? "another process uses it" : std::strerror(problem));
  }
  return port_reservation{fd, bound_port(fd)};
}

port_reservation::port_reservation(port_reservation&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), port_(other.port_) {}

port_reservation& port_reservation::operator=(port_reservation&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(port_, other.port_);
  return *this;
}

port_reservation::~port_reservation() {
  if (fd_ >= 0) ::close(fd_);
}

} // namespace cafmq
