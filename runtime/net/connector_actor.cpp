#include "runtime/net/connector_actor.hpp"

#include <caf/io/basp_broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/network/multiplexer.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <set>
#include <sys/socket.h>
#include <utility>

#include "actors/safe_actor.hpp"
#include "messages/type_ids.hpp"
#include "runtime/net/dial.hpp"

namespace cafmq {

namespace {

caf::error no_answer(const std::string& address, const char* what) {
  return make_error(errc::broker_not_exist, "whoever listens at " + address + " is no " + what);
}

struct dialer_state {
  static inline const char* name = "dialer";
};
using dialer_pointer = connector_handle::stateful_pointer<dialer_state>;

/// Dials, answers, and ends.
template <class Handle, class Link>
caf::result<Link> dial_once(dialer_pointer self, const std::string& address,
                            std::chrono::milliseconds limit, const char* what) {
  auto promise = self->template make_response_promise<Link>();
  auto finish = [self, promise](auto outcome) mutable {
    promise.deliver(std::move(outcome));
    self->quit();
  };
  auto target = parse_address(address);
  if (!target) return finish(target.error()), promise;
  auto socket = dial(*target, limit);
  if (!socket) return finish(socket.error()), promise;
  auto& middleman = self->system().middleman();
  auto basp = middleman.template named_broker<caf::io::basp_broker>(caf::atom("BASP"));
  self
    ->request(basp, limit, caf::connect_atom_v, middleman.backend().new_scribe(*socket),
              target->port)
    .then(
      [=](const caf::node_id&, const caf::strong_actor_ptr& found,
          const std::set<std::string>& interface) mutable {
        auto expected = self->system().template message_types<Handle>();
        if (!found || !self->system().assignable(interface, expected))
          return finish(no_answer(address, what));
        finish(Link{caf::actor_cast<Handle>(found)});
      },
      [=, fd = *socket](caf::error& why) mutable {
        // CAF keeps a handshake open for ever unless its socket ends.
        if (why == caf::sec::request_timeout) ::shutdown(fd, SHUT_RDWR);
        finish(no_answer(address, what));
      });
  return promise;
}

connector_handle::behavior_type dialer_actor(dialer_pointer self, std::chrono::milliseconds limit) {
  make_safe(self);
  return {
    [=](const connect_name_server& to) {
      return dial_once<name_server_handle, name_server_link>(self, to.address, limit,
                                                             "CafMQ name server");
    },
    [=](const connect_broker& to) {
      return dial_once<broker_handle, broker_link>(self, to.address, limit, "CafMQ broker");
    },
  };
}

struct connector_state {
  static inline const char* name = "connector";
};

connector_handle::behavior_type
connector_actor(connector_handle::stateful_pointer<connector_state> self,
                std::chrono::milliseconds limit) {
  make_safe(self);
  return {
    [=](const connect_name_server& to) {
      return self->delegate(self->spawn<caf::detached>(dialer_actor, limit), to);
    },
    [=](const connect_broker& to) {
      return self->delegate(self->spawn<caf::detached>(dialer_actor, limit), to);
    },
  };
}

} // namespace

connector_handle spawn_connector(caf::actor_system& system, std::chrono::milliseconds limit) {
  return system.spawn(connector_actor, limit);
}

} // namespace cafmq
