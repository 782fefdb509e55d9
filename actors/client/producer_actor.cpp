#include "actors/client/producer_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "actors/client/send_batcher.hpp"
#include "actors/hosted_actor.hpp"
#include "actors/safe_actor.hpp"
#include "messages/type_ids.hpp"

namespace cafmq {

namespace {

/// How often deadlines are looked at.
constexpr std::chrono::milliseconds tick_interval{50};

using inbox =
  extended_handle<producer_handle, void(topic_view), void(producer_tick), void(producer_heartbeat)>;

struct producer_state;
using producer_pointer = inbox::stateful_pointer<producer_state>;

sent_message sent_message_of(const send_result& result) {
  return {result.status(),
          result.msg_id(),
          result.offset_msg_id(),
          result.queue(),
          {result.queue_offset()}};
}

/// A view may come before the first answer of a name server: then it has neither queues nor a
/// problem.
bool is_answered(const topic_view& view) {
  return view.problem != 0 || !view.write_queues.empty() || !view.read_queues.empty();
}

struct producer_state {
  static inline const char* name = "producer";

  producer_pointer self = nullptr;
  std::optional<producer_parts> parts;
  std::optional<send_batcher> sends;
  bool pump_is_due = false;
  std::map<broker_name, caf::actor_addr> joined; // brokers that know this member
  std::map<topic_name, std::vector<caf::typed_response_promise<writable_queues>>> queue_questions;
  std::vector<caf::typed_response_promise<producer_closed>> closers; // not empty: it is closing

  auto now() const { return self->clock().now(); }

  // -- sends ----------------------------------------------------------------------------------
  void accept(outgoing_run run) {
    if (!closers.empty())
      sends->refuse(
        std::move(run),
        make_error(errc::client_closed, "the producer is being closed and takes no more messages"));
    else
      sends->accept(std::move(run), now());
  }

  void drain() {
    pump_is_due = false;
    for (auto& run : parts->outbox.take())
      accept(std::move(run));
    pump();
  }

  /// `convert` makes the reply of a stored outcome.
  template <class Reply, class Convert>
  caf::result<Reply> send_for_actor(caf::expected<outgoing_run> encoded, const std::string& key,
                                    const message_queue& queue, Convert convert) {
    if (!encoded) return encoded.error();
    auto promise = self->template make_response_promise<Reply>();
    auto& send = encoded->sends.front();
    if (!key.empty() || !queue.broker.value.empty())
      send.choice = std::make_unique<queue_choice>(queue_choice{queue, {}, key});
    send.done = [promise, convert](const send_outcome& outcome) mutable {
      if (outcome.stored())
        promise.deliver(convert(outcome));
      else
        promise.deliver(outcome.failure());
    };
    accept(std::move(*encoded));
    pump_soon();
    return promise;
  }

  void send_once(const message& content) {
    auto encoded = parts->encoder.encode(content, parts->clock());
    if (!encoded) return log::warn("oneway-dropped", sentence(encoded.error()));
    encoded->sends.front().mode = send_mode::oneway;
    accept(std::move(*encoded));
    pump_soon();
  }

  /// Sends of other actors that wait in the mailbox travel together.
  void pump_soon() {
    if (!std::exchange(pump_is_due, true)) self->send(self, drain_outbox{});
  }

  /// Asks for the views of new topics, and sends what can be sent.
  void pump() {
    for (const auto& topic : sends->take_new_topics())
      self->send(parts->client, watch_topic{topic, true});
    for (const auto& topic : sends->take_doubted_topics())
      self->send(parts->client, refresh_topic{topic});
    for (auto& batch : sends->take_batches())
      transmit(batch);
    settle();
    if (!closers.empty() && sends->idle()) finish_closing();
  }

  void settle() {
    const auto freed = sends->take_freed_room();
    parts->outbox.settle(freed.messages, freed.bytes);
  }

  /// A dead remote never answers: the batcher's deadlines and the loss of the link end what stays
  /// open.
  void transmit(send_batcher::batch& batch) {
    auto number = batch.number;
    self->request(batch.broker, caf::infinite, std::move(batch.request))
      .then(
        [=, this](const send_receipt& receipt) {
          sends->succeeded(number, receipt);
          pump();
        },
        [=, this](const caf::error& why) {
          sends->failed(number, why, now());
          pump();
        });
  }

  // -- routes and groups ----------------------------------------------------------------------
  void show(const topic_view& view) {
    sends->show(view, now());
    if (is_answered(view))
      if (auto asked = queue_questions.extract(view.topic); !asked.empty())
        for (auto& promise : asked.mapped())
          answer_queues(promise, view);
    join_new_brokers();
    pump();
  }

  void join(const broker_handle& broker) {
    self
      ->request(broker, caf::infinite,
                join_producer_group{{parts->config.producer_group}, parts->id})
      .then([](const group_joined&) {},
            [](const caf::error& why) { log::warn("producer-group-refused", sentence(why)); });
  }

  void join_new_brokers() {
    auto brokers = sends->brokers();
    std::erase_if(joined, [&](const auto& known) { return brokers.count(known.first) == 0; });
    for (const auto& [broker, handle] : brokers)
      if (joined.emplace(broker, handle.address()).second) join(handle);
  }

  void heartbeat() {
    for (const auto& [broker, handle] : sends->brokers())
      join(handle);
  }

  void answer_queues(caf::typed_response_promise<writable_queues>& promise,
                     const topic_view& view) {
    if (view.write_queues.empty() && view.problem != 0)
      promise.deliver(make_error(static_cast<errc>(view.problem), view.problem_sentence));
    else
      promise.deliver(writable_queues{view.write_queues});
  }

  caf::result<writable_queues> queues_of(const topic_name& topic) {
    auto promise = self->make_response_promise<writable_queues>();
    if (const auto* view = sends->view(topic); view != nullptr && is_answered(*view)) {
      answer_queues(promise, *view);
    } else {
      queue_questions[topic].push_back(promise);
      self->send(parts->client, watch_topic{topic, true});
    }
    return promise;
  }

  // -- the end --------------------------------------------------------------------------------
  caf::result<producer_closed> close() {
    auto promise = self->make_response_promise<producer_closed>();
    drain();
    closers.push_back(promise);
    if (sends->idle()) finish_closing();
    return promise;
  }

  void finish_closing() {
    for (const auto& [broker, handle] : sends->brokers())
      self
        ->request(handle, caf::infinite,
                  leave_producer_group{{parts->config.producer_group}, parts->id})
        .then([](const group_left&) {}, [](const caf::error&) {});
    give_up_questions();
    answer_closers(0);
    self->quit();
  }

  void answer_closers(std::int32_t unfinished) {
    for (auto& promise : std::exchange(closers, {}))
      promise.deliver(producer_closed{unfinished});
  }

  void give_up_questions() {
    for (auto& [topic, promises] : std::exchange(queue_questions, {}))
      for (auto& promise : promises)
        promise.deliver(make_error(errc::client_closed, "the producer was closed"));
  }

  void tick() {
    sends->expire(now());
    pump();
  }

  void stop(caf::error why) {
    for (auto& run : parts->outbox.take())
      sends->refuse(std::move(run), make_error(errc::client_closed, "the producer was closed"));
    auto unfinished = sends->abandon();
    settle();
    give_up_questions();
    answer_closers(unfinished);
    self->quit(std::move(why));
  }
};

inbox::behavior_type producer_actor(producer_pointer self,
                                    const std::shared_ptr<producer_parts>& parts) {
  make_safe(self);
  auto& state = self->state;
  state.self = self;
  state.parts.emplace(std::move(*parts));
  state.sends.emplace(state.parts->config, state.parts->random());
  self->set_exit_handler(
    [self](caf::exit_msg& message) { self->state.stop(std::move(message.reason)); });
  self->delayed_send(self, tick_interval, producer_tick{});
  self->delayed_send(self, state.parts->heartbeat_interval, producer_heartbeat{});
  return {
    [=](const send_message& request) {
      auto& s = self->state;
      return s.send_for_actor<sent_message>(
        s.parts->encoder.encode(request.content, s.parts->clock()), request.key, request.queue,
        [](const send_outcome& outcome) { return sent_message_of(outcome.single()); });
    },
    [=](const send_messages& request) {
      auto& s = self->state;
      return s.send_for_actor<sent_messages>(
        s.parts->encoder.encode(request.contents, s.parts->clock()), request.key, request.queue,
        [](const send_outcome& outcome) {
          sent_messages reply;
          for (const auto& result : outcome.all())
            reply.results.push_back(sent_message_of(result));
          return reply;
        });
    },
    [=](const send_message_oneway& request) { self->state.send_once(request.content); },
    [=](const drain_outbox&) { self->state.drain(); },
    [=](const get_writable_queues& request) { return self->state.queues_of(request.topic); },
    [=](const close_producer&) { return self->state.close(); },
    [=](const topic_view& view) { self->state.show(view); },
    [=](const producer_tick& reminder) {
      self->state.tick();
      self->delayed_send(self, tick_interval, reminder);
    },
    [=](const producer_heartbeat& reminder) {
      self->state.heartbeat();
      self->delayed_send(self, self->state.parts->heartbeat_interval, reminder);
    },
  };
}

} // namespace

producer_handle spawn_producer(caf::actor_system& system, producer_parts parts) {
  auto* home = parts.home;
  return spawn_in(home, system, producer_actor, std::make_shared<producer_parts>(std::move(parts)));
}

} // namespace cafmq
