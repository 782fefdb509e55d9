#include "runtime/net/dial.hpp"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cafmq {

namespace {

caf::error unreachable(const host_port& address, const std::string& reason) {
  return make_error(errc::broker_not_exist, "nobody can be reached at " + address.host + ":"
                                              + std::to_string(address.port) + ": " + reason);
}

/// Completes a non-blocking connect within the limit; returns 0 or the error number.
int await_connected(int fd, std::chrono::milliseconds limit) {
  pollfd entry{fd, POLLOUT, 0};
  int ready = ::poll(&entry, 1, static_cast<int>(limit.count()));
  if (ready == 0) return ETIMEDOUT;
  if (ready < 0) return errno;
  int failure = 0;
  socklen_t length = sizeof failure;
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &length) == 0 ? failure : errno;
}

} // namespace

caf::expected<host_port> parse_address(std::string_view address) {
  host_port result;
  auto colon = address.rfind(':');
  auto host = address.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']')
    host = host.substr(1, host.size() - 2);
  auto digits = colon == std::string_view::npos ? std::string_view{} : address.substr(colon + 1);
  auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), result.port);
  if (host.empty() || digits.empty() || problem != std::errc{}
      || end != digits.data() + digits.size() || result.port == 0)
    return make_error(errc::invalid_parameter,
                      "'" + std::string{address}
                        + "' is no address; write it as host:port, such as 127.0.0.1:9876");
  result.host = host;
  return result;
}

caf::expected<int> dial(const host_port& address, std::chrono::milliseconds limit) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  int unresolved =
    ::getaddrinfo(address.host.c_str(), std::to_string(address.port).c_str(), &hints, &found);
  if (unresolved != 0) return unreachable(address, ::gai_strerror(unresolved));
  std::unique_ptr<addrinfo, void (*)(addrinfo*)> guard{found, ::freeaddrinfo};
  int failure = ENOENT;
  for (auto* candidate = found; candidate != nullptr; candidate = candidate->ai_next) {
    int fd = ::socket(candidate->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
      failure = errno;
      continue;
    }
    failure = ::connect(fd, candidate->ai_addr, candidate->ai_addrlen) == 0 ? 0 : errno;
    if (failure == EINPROGRESS) failure = await_connected(fd, limit);
    if (failure == 0) return fd;
    ::close(fd);
  }
  return unreachable(address, std::strerror(failure));
}

} // namespace cafmq
