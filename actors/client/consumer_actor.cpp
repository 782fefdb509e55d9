#include "actors/client/consumer_actor.hpp"

#include "actors/client/consumer_state_actor.hpp"

namespace cafmq {

namespace {

using namespace consuming;

inbox::behavior_type consumer_actor(consumer_pointer self,
                                    const std::shared_ptr<consumer_state>& given) {
  make_safe(self);
  self->state = std::move(*given);
  self->state.self = self;
  self->set_down_handler([self](caf::down_msg& down) { self->state.lost(down.source); });
  self->set_exit_handler(
    [self](caf::exit_msg& message) { self->state.stop(std::move(message.reason)); });
  self->state.start();
  return {
    [=](const topic_view& view) { self->state.show(view); },
    [=](const queue_assignment& assignment) {
      self->state.machine->assigned(assignment, self->state.now());
      self->state.pump();
    },
    [=](const consume_result& result) { self->state.consumed(result); },
    [=](const suspend_consuming& wish) {
      self->state.machine->suspend(wish.suspended, self->state.now());
      self->state.pump();
    },
    [=](const close_consumer&) { return self->state.close(); },
    [=](const commit_consumed&) { return self->state.commit_now(); },
    [=](const assign_queues& wish) { return self->state.assign(wish.queues); },
    [=](const seek_queue& wish) { return self->state.seek(wish); },
    [=](const get_topic_queues& question) { return self->state.queues_of(question.topic); },
    [=](const get_committed& question) { return self->state.committed(question.queue); },
    [=](const get_offset_for_time& question) { return self->state.offset_for_time(question); },
    [=](const get_consumer_status&) { return self->state.status(); },
    [=](const consumer_tick&) { self->state.tick(); },
  };
}

} // namespace

caf::expected<consumer_handle> spawn_consumer(caf::actor_system& system, consumer_parts parts) {
  auto machine = consumer_machine::make({.config = parts.config,
                                         .client = parts.id,
                                         .subscriptions = parts.subscriptions,
                                         .heartbeat_interval = parts.heartbeat_interval,
                                         .request_limit = parts.request_limit,
                                         .listener_threads = parts.listener_threads,
                                         .started_at = parts.clock()});
  if (!machine) return std::move(machine.error());
  auto state = std::make_shared<consumer_state>();
  state->parts = std::move(parts);
  state->machine = std::move(*machine);
  return consumer_handle{system.spawn(consumer_actor, std::move(state))};
}

} // namespace cafmq
