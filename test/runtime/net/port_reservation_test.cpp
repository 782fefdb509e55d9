#include <doctest/doctest.h>

#include "messages/errors.hpp"
#include "runtime/net/port_reservation.hpp"

using namespace cafmq;

TEST_CASE("port_reservation: a free port is ours until it is let go") {
  auto first = port_reservation::make("127.0.0.1", 0);
  REQUIRE(first);
  CHECK(first->port() != 0);
  auto other = port_reservation::make("127.0.0.1", 0);
  REQUIRE(other);
  CHECK(other->port() != first->port());
}

TEST_CASE("port_reservation: an address of another machine is refused with a sentence") {
  const auto refused = port_reservation::make("192.0.2.1", 0); // RFC 5737: nobody's
  REQUIRE_FALSE(refused);
  CHECK(code_of(refused.error()) == errc::io_error);
  CHECK(sentence(refused.error()).find("192.0.2.1") != std::string::npos);
}
