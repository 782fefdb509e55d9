#pragma once

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/atom.hpp>
#include <caf/exit_reason.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/system_messages.hpp>
#include <chrono>
#include <string_view>

#include "actors/log.hpp"

namespace cafmq {

/// Sends an actor its exit message and waits until it has ended; false, with a log line that names
/// it, when it has not by `deadline`.
template <class Handle>
bool end_actor(caf::actor_system& system, const Handle& handle, std::string_view name,
               std::chrono::steady_clock::time_point deadline) {
  if (!handle) return true;
  caf::scoped_actor self{system};
  self->monitor(handle);
  self->send_exit(handle, caf::exit_reason::user_shutdown);
  const auto left =
    std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  bool ended = false;
  self->receive([&](const caf::down_msg&) { ended = true; },
                caf::after(std::max(left, std::chrono::milliseconds{0})) >> [] {});
  if (!ended) log::error("end-overdue", "the ", name, " has not ended in its time");
  return ended;
}

/// Waits until the clock's thread has handled what ended actors left with it; it holds on to them
/// until then, and the end of the actor system would wait for their threads.
inline void drain_clock(caf::actor_system& system) {
  constexpr std::chrono::seconds limit{1};
  caf::scoped_actor self{system};
  self->delayed_send(self, std::chrono::milliseconds{1}, caf::tick_atom_v);
  self->receive([](caf::tick_atom) {}, caf::after(limit) >> [] {});
}

} // namespace cafmq
