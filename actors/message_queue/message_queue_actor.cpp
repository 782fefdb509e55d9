#include "actors/message_queue/message_queue_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>
#include <map>

#include "actors/hosted_actor.hpp"
#include "actors/message_queue/pull_wait_list.hpp"
#include "actors/safe_actor.hpp"
#include "messages/type_ids.hpp"

namespace cafmq::queue {

/// A reminder to itself: some pull has waited long enough.
struct check_deadlines {};

} // namespace cafmq::queue

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafmq::queue::check_deadlines)

namespace cafmq {

namespace {

using queue::check_deadlines;
using inbox = extended_handle<message_queue_handle, void(check_deadlines)>;
using pull_promise = caf::typed_response_promise<pulled_messages>;

struct message_queue_state {
  static inline const char* name = "message_queue";

  message_queue_parts parts;
  pull_wait_list waiting;
  std::map<pull_wait_list::ticket, pull_promise> promises;
  std::optional<pull_wait_list::time_point> reminder; ///< the earliest one under way
  queue_offset min;                                   ///< as last read
  queue_offset max;
};

using pointer = inbox::stateful_pointer<message_queue_state>;

/// nullopt: the disk would have to be asked.
std::optional<pulled_messages> read(pointer self, const pull_messages& pull) {
  auto& state = self->state;
  auto result = state.parts.read(pull);
  if (!result) return result;
  state.min = result->min;
  state.max = result->max;
  if (state.parts.counters) state.parts.counters->messages_out += result->count;
  return result;
}

pull_promise take_promise(pointer self, pull_wait_list::ticket id) {
  auto found = self->state.promises.find(id);
  auto promise = std::move(found->second);
  self->state.promises.erase(found);
  return promise;
}

void answer(pointer self, pull_wait_list::ticket id, pulled_messages what) {
  self->state.waiting.take(id);
  take_promise(self, id).deliver(std::move(what));
}

void hand_to_cold_reader(pointer self, pull_wait_list::ticket id) {
  auto pull = self->state.waiting.take(id);
  take_promise(self, id).delegate(self->state.parts.cold_reader, std::move(pull));
}

/// Reminders cannot be taken back, so one is only added where it is the earliest.
void remind(pointer self) {
  auto& state = self->state;
  auto next = state.waiting.next_deadline();
  if (!next || (state.reminder && *state.reminder <= *next)) return;
  state.reminder = next;
  self->delayed_send(self, *next - self->clock().now(), check_deadlines{});
}

caf::result<pulled_messages> take_pull(pointer self, pull_messages& pull) {
  auto& state = self->state;
  auto found = read(self, pull);
  if (!found) return self->delegate(state.parts.cold_reader, std::move(pull));
  if (found->status != pull_status::no_new_message || pull.suspend.count() <= 0)
    return std::move(*found);
  auto parked = state.waiting.park(std::move(pull), self->clock().now());
  if (!parked) return parked.error();
  if (parked->replaced) {
    const auto& [id, earlier] = *parked->replaced;
    pulled_messages empty;
    empty.next = earlier.from;
    empty.min = state.min;
    empty.max = state.max;
    take_promise(self, id).deliver(std::move(empty));
  }
  auto promise = self->make_response_promise<pulled_messages>();
  state.promises.emplace(parked->id, promise);
  remind(self);
  return promise;
}

/// The queue has messages at the offset of a waiting pull.
void go_on(pointer self, pull_wait_list::ticket id) {
  auto& state = self->state;
  auto found = read(self, state.waiting.at(id));
  if (!found) return hand_to_cold_reader(self, id);
  const auto is_at_end = found->next >= found->max;
  if (found->status == pull_status::no_matched_message && is_at_end)
    state.waiting.pass(id, found->next, self->clock().now());
  else if (found->status != pull_status::no_new_message)
    answer(self, id, std::move(*found));
}

/// The time of a waiting pull is up: it is answered with what there is, usually nothing.
void give_up(pointer self, pull_wait_list::ticket id) {
  auto& state = self->state;
  auto found = read(self, state.waiting.at(id));
  if (!found) return hand_to_cold_reader(self, id);
  if (found->status == pull_status::no_new_message && state.waiting.has_passed(id))
    found->status = pull_status::no_matched_message;
  answer(self, id, std::move(*found));
}

void serve_due(pointer self) {
  auto& state = self->state;
  const auto now = self->clock().now();
  if (state.reminder && *state.reminder <= now) state.reminder.reset();
  for (auto id : state.waiting.due(now))
    give_up(self, id);
  remind(self);
}

void stop(pointer self, caf::error why) {
  auto& state = self->state;
  const auto& queue = state.parts.queue;
  auto refusal =
    make_error(errc::service_not_available, "queue " + std::to_string(queue.id.value) + " of topic "
                                              + queue.topic.value + " is closed");
  for (auto& [id, promise] : std::exchange(state.promises, {}))
    promise.deliver(refusal);
  state.parts = {};
  self->quit(std::move(why));
}

inbox::behavior_type message_queue_actor(pointer self, const broker_config& config,
                                         message_queue_parts parts) {
  make_safe(self);
  self->set_exit_handler([=](caf::exit_msg& message) { stop(self, std::move(message.reason)); });
  auto& state = self->state;
  state.parts = std::move(parts);
  state.waiting = pull_wait_list{static_cast<std::size_t>(config.pull_requests_waiting_max)};
  self->send(state.parts.commit_log, watch_queue{state.parts.queue});
  return {
    [=](send_batch& batch) {
      return self->delegate(self->state.parts.commit_log, std::move(batch));
    },
    [=](send_oneway& oneway) { self->send(self->state.parts.commit_log, std::move(oneway)); },
    [=](pull_messages& pull) { return take_pull(self, pull); },
    [=](const get_queue_bounds& query) {
      return self->delegate(self->state.parts.cold_reader, query);
    },
    [=](const search_offset& query) {
      return self->delegate(self->state.parts.cold_reader, query);
    },
    [=](const queue_advanced& news) {
      for (auto id : self->state.waiting.reached(news.max))
        go_on(self, id);
      remind(self); // those that were passed over wait less now
    },
    [=](check_deadlines) { serve_due(self); },
  };
}

} // namespace

message_queue_handle spawn_message_queue(caf::actor_system& system, const broker_config& config,
                                         message_queue_parts parts) {
  auto* home = parts.home;
  return caf::actor_cast<message_queue_handle>(
    spawn_in(home, system, message_queue_actor, config, std::move(parts)));
}

} // namespace cafmq
