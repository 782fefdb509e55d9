#include "runtime/program/sender_actor.hpp"

#include <caf/io/middleman.hpp>
#include <caf/io/network/multiplexer.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <optional>

#include "actors/client/producer_actor.hpp"
#include "actors/hosted_actor.hpp"
#include "actors/safe_actor.hpp"
#include "messages/type_ids.hpp"
#include "runtime/actor_system.hpp"
#include "runtime/ending.hpp"

namespace cafmq::program {

/// To a sender: begin.
struct start_sending {};

} // namespace cafmq::program

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafmq::program::start_sending)

namespace cafmq::program {

namespace {

using steady_clock = std::chrono::steady_clock;
using sender_handle = caf::typed_actor<caf::reacts_to<start_sending>>;

struct sender_parts {
  producer_handle to;
  send_message content;
  end_of_run* end;
  tally* counts;
};

struct sender_state {
  static inline const char* name = "bench_sender";

  std::optional<sender_parts> parts;
  latency_recorder latencies;
  std::int64_t stored = 0;
};
using sender_pointer = sender_handle::stateful_pointer<sender_state>;

void send_next(sender_pointer self) {
  auto& state = self->state;
  if (!state.parts->end->take(1)) {
    state.parts->counts->merge(state.stored, state.latencies);
    state.parts.reset();
    return self->quit();
  }
  self->request(state.parts->to, caf::infinite, state.parts->content)
    .then(
      [=, started = steady_clock::now()](const sent_message&) {
        ++self->state.stored;
        self->state.latencies.record(steady_clock::now() - started);
        send_next(self);
      },
      [=](const caf::error& why) {
        self->state.parts->counts->failed(1, failure_of(why));
        send_next(self);
      });
}

sender_handle::behavior_type sender_actor(sender_pointer self, const sender_parts& parts) {
  make_safe(self);
  self->state.parts = parts;
  return {[=](start_sending) { send_next(self); }};
}

producer_handle make_producer(client_core& core, const producer_config& config,
                              caf::execution_unit* home) {
  return spawn_producer(core.system(),
                        {.config = config,
                         .client = core.routes(),
                         .id = core.next_member_id(),
                         .encoder = {config, core.address(), core.make_keys()},
                         .clock = system_wall_clock(),
                         .random = system_random(),
                         .heartbeat_interval = core.config().heartbeat_broker_interval,
                         .home = home});
}

} // namespace

load_result send_load_by_actors(client_core& core, const producer_config& config,
                                const load_options& options, stop_signal& stop) {
  auto& system = core.system();
  auto* home = &system.middleman().backend();
  load_result outcome;
  tally counts{outcome};
  end_of_run end{options, stop};
  auto producer = make_producer(core, config, home);
  const sender_parts parts{producer, {make_message(options), {}, {}}, &end, &counts};
  caf::scoped_actor self{system};
  const auto started = steady_clock::now();
  for (int i = 0; i < options.senders; ++i) {
    auto sender = spawn_in(home, system, sender_actor, parts);
    self->monitor(sender);
    self->send(sender, start_sending{});
  }
  for (int i = 0; i < options.senders; ++i)
    self->receive([](const caf::down_msg&) {});
  outcome.elapsed = steady_clock::now() - started;
  self->request(producer, config.send_msg_timeout, close_producer{})
    .receive([](const producer_closed&) {}, [](const caf::error&) {});
  return outcome;
}

} // namespace cafmq::program
