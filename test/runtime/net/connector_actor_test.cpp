#include <caf/scoped_actor.hpp>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "messages/type_ids.hpp"
#include "runtime/actor_system.hpp"
#include "runtime/net/connector_actor.hpp"
#include "runtime/net/dial.hpp"
#include "runtime/net/publish.hpp"
#include "support/fake_broker.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

namespace {

/// A port of the loopback interface that accepts connections and never says a word.
class mute_listener {
public:
  mute_listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    REQUIRE(::bind(fd_, reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(::listen(fd_, 8) == 0);
    REQUIRE(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    port_ = ntohs(address.sin_port);
  }
  ~mute_listener() { ::close(fd_); }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

private:
  int fd_;
  std::uint16_t port_ = 0;
};

std::string local(const caf::expected<std::uint16_t>& port) {
  REQUIRE(port);
  return "127.0.0.1:" + std::to_string(*port);
}

struct fixture {
  owned_actor_system near = make_actor_system({.scheduler_threads = 1});
  owned_actor_system far = make_actor_system({.scheduler_threads = 1});
  connector_handle connector = spawn_connector(*near, 300ms);
  broker_handle broker =
    test::spawn_fake_broker(*far, std::make_shared<test::fake_broker_script>());
  name_server_handle name_server = test::spawn_fake_name_server(*far, {});

  ~fixture() {
    for (const auto& actor :
         {caf::actor_cast<caf::actor>(connector), caf::actor_cast<caf::actor>(broker),
          caf::actor_cast<caf::actor>(name_server)})
      caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
  }

  template <class Link, class Request>
  caf::expected<Link> connect(const std::string& address) {
    caf::expected<Link> outcome{make_error(errc::request_timeout)};
    caf::scoped_actor self{*near};
    self->request(connector, 10s, Request{address})
      .receive([&](const Link& link) { outcome = link; },
               [&](caf::error& why) { outcome = std::move(why); });
    return outcome;
  }
  caf::expected<broker_link> connect_to_broker(const std::string& address) {
    return connect<broker_link, connect_broker>(address);
  }
};

std::string refusal(const caf::expected<broker_link>& link) {
  REQUIRE_FALSE(link);
  CHECK(code_of(link.error()) == errc::broker_not_exist);
  return sentence(link.error());
}

} // namespace

TEST_CASE_FIXTURE(fixture, "connector: brokers and name servers are reached by address") {
  CHECK(connect_to_broker(local(publish(*far, broker, "127.0.0.1", 0))));
  auto address = local(publish(*far, name_server, "127.0.0.1", 0));
  CHECK(connect<name_server_link, connect_name_server>(address));
}

TEST_CASE_FIXTURE(fixture, "connector: who answers must be what was asked for") {
  auto address = local(publish(*far, name_server, "127.0.0.1", 0));
  CHECK(refusal(connect_to_broker(address))
        == "whoever listens at " + address + " is no CafMQ broker");
  auto unused = caf::actor_cast<caf::actor>(broker); // published without an interface
  CHECK(refusal(connect_to_broker(local(publish(*far, unused, "127.0.0.1", 0)))).find("is no")
        != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "connector: a closed port is told at once, a mute one at the limit") {
  std::string closed;
  {
    mute_listener listener;
    closed = listener.address();
  }
  CHECK(refusal(connect_to_broker(closed)).find("Connection refused") != std::string::npos);
  mute_listener mute;
  CHECK(refusal(connect_to_broker(mute.address())).find("is no CafMQ broker") != std::string::npos);
  // Nothing is held up behind it.
  CHECK(connect_to_broker(local(publish(*far, broker, "127.0.0.1", 0))));
}

TEST_CASE_FIXTURE(fixture, "connector: an address that is none is refused") {
  for (const auto* address : {"", "here", "here:", ":1", "here:0", "here:65536", "here:1x"}) {
    CAPTURE(address);
    auto link = connect_to_broker(address);
    REQUIRE_FALSE(link);
    CHECK(code_of(link.error()) == errc::invalid_parameter);
  }
  CHECK(refusal(connect_to_broker("no-such-host.invalid:1")).find("no-such-host.invalid")
        != std::string::npos);
}

TEST_CASE("parse_address: an IPv6 host stands in brackets") {
  auto parsed = parse_address("[::1]:9876");
  REQUIRE(parsed);
  CHECK(parsed->host == "::1");
  CHECK(parsed->port == 9876);
}

TEST_CASE_FIXTURE(fixture, "publish: a port that is taken is told by name") {
  auto first = publish(*far, broker, "127.0.0.1", 0);
  REQUIRE(first);
  auto second = publish(*near, connector, "127.0.0.1", *first);
  REQUIRE_FALSE(second);
  CHECK(code_of(second.error()) == errc::io_error);
  CHECK(sentence(second.error()).find(std::to_string(*first)) != std::string::npos);
}
