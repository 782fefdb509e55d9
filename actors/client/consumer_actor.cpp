#include "actors/client/consumer_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <memory>
#include <type_traits>
#include <utility>

#include "actors/client/consumer_machine.hpp"
#include "actors/safe_actor.hpp"
#include "messages/type_ids.hpp"

namespace cafmq {

namespace {

/// A timer keeps its actor in memory until it fires, so none is set for longer than this.
constexpr std::chrono::milliseconds sleep_max{1'000};

using inbox = extended_handle<consumer_handle, void(consumer_tick)>;
using time_point = consumer_machine::time_point;

struct consumer_state;
using consumer_pointer = inbox::stateful_pointer<consumer_state>;

/// Which answer a question about a queue brings.
template <class Request>
struct answer_to;
template <>
struct answer_to<pull_messages> : std::type_identity<pulled_messages> {};
template <>
struct answer_to<get_queue_bounds> : std::type_identity<queue_bounds> {};
template <>
struct answer_to<search_offset> : std::type_identity<found_offset> {};
template <>
struct answer_to<fetch_offsets> : std::type_identity<committed_offsets> {};
template <class Request>
using answer_of = typename answer_to<Request>::type;

/// A commit that somebody waits for.
struct awaited_commit {
  caf::typed_response_promise<offsets_committed> promise;
  std::int32_t open = 0;
  caf::error failure;

  void settle(caf::error reason = {}) {
    if (reason && !failure) failure = std::move(reason);
    if (--open > 0) return;
    if (failure)
      promise.deliver(std::move(failure));
    else
      promise.deliver(offsets_committed{});
  }
};

struct consumer_state {
  static inline const char* name = "consumer";

  consumer_pointer self = nullptr;
  consumer_parts parts;
  std::unique_ptr<consumer_machine> machine;
  std::map<broker_name, broker_handle> links;
  std::map<topic_name, topic_view> views;
  std::map<topic_name, std::vector<caf::typed_response_promise<topic_queues>>> queue_questions;
  std::vector<caf::typed_response_promise<consumer_closed>> closings;
  std::shared_ptr<awaited_commit> awaited; ///< what the commits of this moment are part of
  time_point armed = time_point::max();

  time_point now() const { return self->clock().now(); }

  void start() {
    if (parts.listener) self->monitor(parts.listener);
    if (parts.config.model != message_model::broadcasting || !parts.local_offsets)
      return start_from({});
    self
      ->request(parts.local_offsets, caf::infinite,
                load_local_offsets{{parts.config.consumer_group}, parts.id})
      .then([this](const local_offsets& kept) { start_from(kept.positions); },
            [this](const caf::error& why) {
              log::warn("local-offsets-lost", sentence(why));
              start_from({});
            });
  }

  void start_from(const std::vector<consumed_position>& kept) {
    machine->start(kept, now());
    for (const auto& wanted : parts.subscriptions)
      watch(wanted.topic);
    pump();
  }

  void watch(const topic_name& topic) {
    if (views.try_emplace(topic).second) self->send(parts.client, watch_topic{topic, false});
  }

  // -- routes and links -----------------------------------------------------------------------
  void show(const topic_view& view) {
    views.insert_or_assign(view.topic, view);
    for (const auto& [broker, handle] : view.brokers)
      link(broker, handle);
    machine->topic_queues(view.topic, view.read_queues, now());
    if (auto asked = queue_questions.extract(view.topic); !asked.empty())
      for (auto& promise : asked.mapped())
        answer_queues(promise, view);
    pump();
  }

  /// A broken link was announced by its monitor, before the new one was shown.
  void link(const broker_name& broker, const broker_handle& handle) {
    auto known = links.find(broker);
    if (known != links.end() && known->second == handle) return;
    if (known != links.end()) {
      self->demonitor(known->second.address());
      machine->link_down(broker, now());
    }
    links.insert_or_assign(broker, handle);
    self->monitor(handle);
    machine->link_up(broker, now());
  }

  void lost(const caf::actor_addr& who) {
    if (parts.listener && who == parts.listener.address()) {
      log::warn("listener-died", "the listener of group ", parts.config.consumer_group,
                " died, so its consumer leaves");
      parts.listener = nullptr;
      machine->close(now()); // first, so that nothing is delivered anew
      machine->abandon_deliveries(now());
    }
    for (auto i = links.begin(); i != links.end(); ++i) {
      if (i->second.address() != who) continue;
      machine->link_down(i->first, now());
      links.erase(i);
      break;
    }
    pump();
  }

  // -- what the machine wants -----------------------------------------------------------------
  /// Carries out what the machine wants, and sets the timer for its next tick.
  void pump() {
    for (auto effects = machine->take_effects(); !effects.empty();
         effects = machine->take_effects())
      for (auto& effect : effects)
        std::visit([this](auto& what) { carry_out(what); }, effect);
    auto wanted = machine->next_tick();
    if (wanted >= armed) return;
    auto moment = std::min<time_point>(wanted, now() + sleep_max);
    if (moment >= armed) return;
    armed = moment;
    self->delayed_send(self, std::max<caf::timespan>(moment - now(), caf::timespan{0}),
                       consumer_tick{});
  }

  void tick() {
    auto moment = now();
    if (moment < armed) return; // an earlier timer that was overtaken
    armed = time_point::max();
    if (moment >= machine->next_tick()) machine->tick(moment);
    pump();
  }

  void carry_out(ask_about_queue& question) {
    auto link = links.find(question.queue.broker);
    if (link == links.end()) return;
    std::visit(
      [&](auto& request) {
        using answer_type = answer_of<std::decay_t<decltype(request)>>;
        self->request(link->second, caf::infinite, std::move(request))
          .then(
            [this, queue = question.queue, ticket = question.ticket](const answer_type& answer) {
              machine->answered(queue, ticket, answer, now());
              pump();
            },
            [this, queue = question.queue, ticket = question.ticket](const caf::error& why) {
              machine->question_failed(queue, ticket, why, now());
              pump();
            });
      },
      question.request);
  }

  void carry_out(deliver_batch& delivery) {
    if (parts.listen) return parts.listen(std::move(delivery.batch), consumer_handle{self});
    auto id = delivery.batch.delivery;
    auto began = now();
    self->request(parts.listener, caf::infinite, std::move(delivery.batch))
      .then(
        [this, id, began](const consume_result& result) {
          auto complete = result;
          complete.delivery = id;
          if (complete.elapsed.count() == 0) complete.elapsed = now() - began;
          consumed(complete);
        },
        [this, id](const caf::error& why) {
          log::warn("listener-failed", sentence(why));
          consumed(consume_result{id, {}, {0}});
        });
  }

  void consumed(const consume_result& result) {
    machine->consumed(result, now());
    pump();
  }

  void carry_out(tell_group& letter) {
    auto link = links.find(letter.broker);
    if (link == links.end()) return;
    std::visit([&](auto& request) { tell(letter.broker, link->second, request); }, letter.request);
  }

  void tell(const broker_name& broker, const broker_handle& handle,
            const join_consumer_group& request) {
    self->request(handle, caf::infinite, request)
      .then(
        [this, broker](const group_joined& answer) {
          machine->joined(broker, answer, now());
          pump();
        },
        [this, broker](const caf::error& why) {
          machine->join_failed(broker, why, now());
          pump();
        });
  }

  void tell(const broker_name& broker, const broker_handle& handle, const lock_queues& request) {
    self->request(handle, caf::infinite, request)
      .then(
        [this, broker, request, asked = now()](const locked_queues& held) {
          machine->locked(broker, asked, request, held, now());
          pump();
        },
        [this, broker](const caf::error& why) {
          log::warn("lock-failed", sentence(why));
          machine->lock_failed(broker, now());
          pump();
        });
  }

  void tell(const broker_name& broker, const broker_handle& handle, const commit_offsets& request) {
    auto waiting = awaited;
    if (waiting) ++waiting->open;
    self->request(handle, parts.request_limit, request)
      .then(
        [waiting](const offsets_committed&) {
          if (waiting) waiting->settle();
        },
        [this, broker, waiting](const caf::error& why) {
          log::warn("commit-failed", sentence(why));
          machine->commit_failed(broker);
          if (waiting) waiting->settle(why);
        });
  }

  void tell(const broker_name& broker, const broker_handle& handle,
            const leave_consumer_group& request) {
    auto farewell = [this, broker] {
      machine->left(broker, now());
      pump();
    };
    self->request(handle, caf::infinite, request)
      .then([farewell](const group_left&) { farewell(); },
            [farewell](const caf::error&) { farewell(); });
  }

  void tell(const broker_name&, const broker_handle& handle, const release_queues& notice) {
    self->send(handle, notice);
  }
  void tell(const broker_name&, const broker_handle& handle, const unlock_queues& notice) {
    self->send(handle, notice);
  }

  void carry_out(keep_offsets& list) {
    if (!parts.local_offsets) return;
    auto waiting = awaited;
    if (waiting) ++waiting->open;
    self
      ->request(
        parts.local_offsets, caf::infinite,
        save_local_offsets{{parts.config.consumer_group}, parts.id, std::move(list.positions)})
      .then(
        [waiting](const local_offsets_saved&) {
          if (waiting) waiting->settle();
        },
        [waiting](const caf::error& why) {
          log::warn("local-offsets-not-saved", sentence(why));
          if (waiting) waiting->settle(why);
        });
  }

  void carry_out(recall_revoked&) {
    if (!parts.recall) return;
    for (auto id : parts.recall())
      machine->consumed(consume_result{id, {}, {0}, {}}, now());
  }

  void carry_out(report& line) { log::warn(line.event, line.sentence); }

  void carry_out(consumer_done& end) {
    for (auto& promise : closings)
      promise.deliver(consumer_closed{end.running_listeners});
    closings.clear();
    quit(caf::exit_reason::normal);
  }

  // -- what the program wants -----------------------------------------------------------------
  caf::result<consumer_closed> close() {
    auto promise = self->make_response_promise<consumer_closed>();
    closings.push_back(promise);
    machine->close(now());
    pump();
    return promise;
  }

  caf::result<offsets_committed> commit() {
    pump();
    auto waiting = std::make_shared<awaited_commit>();
    waiting->promise = self->make_response_promise<offsets_committed>();
    waiting->open = 1; // this function's own share
    awaited = waiting;
    machine->commit(now());
    pump();
    awaited = nullptr;
    auto promise = waiting->promise;
    waiting->settle();
    return promise;
  }

  caf::result<queues_assigned> assign(const std::vector<message_queue>& queues) {
    for (const auto& queue : queues)
      watch(queue.topic);
    auto refusal = machine->assign(queues, now());
    pump();
    if (refusal) return refusal;
    return queues_assigned{};
  }

  caf::result<queue_sought> seek(const seek_queue& where) {
    if (where.target == seek_target::offset) return seek(where.queue, where.offset);
    return ask_broker<queue_sought>(
      where.queue, get_queue_bounds{where.queue.topic, where.queue.id},
      [=, this](const queue_bounds& bounds) {
        return seek(where.queue, where.target == seek_target::begin ? bounds.min : bounds.max);
      });
  }

  caf::expected<queue_sought> seek(const message_queue& queue, queue_offset to) {
    auto refusal = machine->seek(queue, to, now());
    pump();
    if (refusal) return refusal;
    return queue_sought{};
  }

  /// Puts a question of the program to a queue's broker. These are rare, so CAF's own deadline
  /// serves.
  template <class Result, class Request, class Convert>
  caf::result<Result> ask_broker(const message_queue& queue, const Request& request,
                                 Convert convert) {
    auto link = links.find(queue.broker);
    if (link == links.end()) {
      watch(queue.topic);
      return make_error(errc::broker_not_exist,
                        "broker " + queue.broker.value + " is not connected");
    }
    auto promise = self->make_response_promise<Result>();
    self->request(link->second, parts.request_limit, request)
      .then(
        [promise, convert](const answer_of<Request>& answer) mutable {
          caf::expected<Result> converted = convert(answer);
          if (converted)
            promise.deliver(std::move(*converted));
          else
            promise.deliver(std::move(converted.error()));
        },
        [promise](caf::error& why) mutable { promise.deliver(std::move(why)); });
    return promise;
  }

  caf::result<found_offset> committed(const message_queue& queue) {
    fetch_offsets request{{parts.config.consumer_group}, {{queue.topic, queue.id}}};
    return ask_broker<found_offset>(
      queue, request, [](const committed_offsets& answer) -> caf::expected<found_offset> {
        return found_offset{answer.positions.empty() ? no_offset : answer.positions.front().offset};
      });
  }

  caf::result<found_offset> offset_for_time(const get_offset_for_time& what) {
    search_offset request{what.queue.topic, what.queue.id, what.timestamp, time_boundary::lower};
    return ask_broker<found_offset>(
      what.queue, request,
      [](const found_offset& answer) -> caf::expected<found_offset> { return answer; });
  }

  caf::result<topic_queues> queues_of(const topic_name& topic) {
    auto promise = self->make_response_promise<topic_queues>();
    auto view = views.find(topic);
    if (view != views.end() && (!view->second.read_queues.empty() || view->second.problem != 0)) {
      answer_queues(promise, view->second);
    } else {
      queue_questions[topic].push_back(promise);
      watch(topic);
    }
    return promise;
  }

  static void answer_queues(caf::typed_response_promise<topic_queues>& promise,
                            const topic_view& view) {
    if (view.read_queues.empty() && view.problem != 0)
      promise.deliver(make_error(static_cast<errc>(view.problem), view.problem_sentence));
    else
      promise.deliver(topic_queues{view.read_queues});
  }

  consumer_status status() const {
    auto result = machine->status();
    for (const auto& [topic, view] : views)
      if (result.problem.empty() && view.problem != 0) result.problem = view.problem_sentence;
    return result;
  }

  /// An exit message: leave as `close_consumer` does; a second one ends at once.
  void stop(caf::error reason) {
    if (machine->closing()) return quit(std::move(reason));
    machine->close(now());
    pump();
  }

  void quit(caf::error reason) {
    for (auto& promise : closings)
      promise.deliver(consumer_closed{});
    closings.clear();
    for (auto& [topic, promises] : std::exchange(queue_questions, {}))
      for (auto& promise : promises)
        promise.deliver(make_error(errc::client_closed, "the consumer was closed"));
    for (const auto& [topic, view] : views)
      self->send(parts.client, unwatch_topic{topic});
    for (const auto& [broker, handle] : links)
      self->demonitor(handle.address());
    self->quit(std::move(reason));
  }
};

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
    [=](const commit_consumed&) { return self->state.commit(); },
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
