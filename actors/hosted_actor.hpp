#pragma once

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/execution_unit.hpp>
#include <caf/mailbox_element.hpp>
#include <utility>

namespace cafmq {

/// An actor that runs where `home` lets it run, whoever sends to it: with a middleman's multiplexer
/// as its home, in the thread that reads and writes the sockets. A wake-up of another thread costs
/// more than most of what our actors do, tens of microseconds on a virtual machine.
///
/// CAF 0.17 gives an actor to the unit of the sender, and its multiplexer keeps those alone whose
/// subtype is `io_actor`; hence the two overrides.
template <class Actor>
class hosted_actor : public Actor {
public:
  explicit hosted_actor(caf::actor_config& config) : Actor(config), home_(*config.host) {}

  using Actor::enqueue;
  void enqueue(caf::mailbox_element_ptr what, caf::execution_unit*) override {
    Actor::enqueue(std::move(what), &home_);
  }
  caf::resumable::subtype_t subtype() const override { return caf::resumable::io_actor; }

private:
  caf::execution_unit& home_;
};

/// `system.spawn(behavior, arguments...)`, in `home`; null: on the scheduler's workers. A hosted
/// actor must not block.
template <class Behavior, class... Ts>
caf::infer_handle_from_fun_t<Behavior> spawn_in(caf::execution_unit* home,
                                                caf::actor_system& system, Behavior behavior,
                                                Ts&&... arguments) {
  if (home == nullptr) return system.spawn(behavior, std::forward<Ts>(arguments)...);
  using actor = caf::infer_impl_from_fun_t<Behavior>;
  caf::actor_config config{home};
  caf::detail::init_fun_factory<actor, Behavior> factory;
  config.init_fun = factory(std::move(behavior), std::forward<Ts>(arguments)...);
  return system.spawn_impl<hosted_actor<actor>, caf::no_spawn_options>(config);
}

} // namespace cafmq
