#pragma once

#include <caf/expected.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <functional>
#include <map>
#include <memory>
#include <type_traits>
#include <utility>

#include "actors/client/consumer_actor.hpp"
#include "actors/client/consumer_machine.hpp"
#include "actors/safe_actor.hpp"
#include "messages/type_ids.hpp"

namespace cafmq::consuming {

/// A timer keeps its actor in memory until it fires, so none is set for longer than this.
inline constexpr std::chrono::milliseconds sleep_max{1'000};

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

/// A question of the program to a broker that is not linked yet.
struct waiting_question {
  time_point deadline;
  broker_name broker;
  std::function<void(const broker_handle&)> ask; ///< called once, with null at the deadline
};

/// The inside of a consumer actor: it asks the machine and carries its letters.
struct consumer_state {
  static inline const char* name = "consumer";

  consumer_pointer self = nullptr;
  consumer_parts parts;
  std::unique_ptr<consumer_machine> machine;
  std::map<broker_name, broker_handle> links;
  std::map<topic_name, topic_view> views;
  std::map<topic_name, std::vector<caf::typed_response_promise<topic_queues>>> queue_questions;
  std::vector<caf::typed_response_promise<consumer_closed>> closings;
  std::vector<waiting_question> waiting;
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
    end_waiting(broker);
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
    for (const auto& question : waiting)
      wanted = std::min(wanted, question.deadline);
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
    end_waiting({});
    pump();
  }

  // Each in consumer_letters_actor.cpp.
  void carry_out(ask_about_queue& question);
  void carry_out(deliver_batch& delivery);
  void carry_out(recall_revoked&);
  void carry_out(tell_group& letter);
  void carry_out(keep_offsets& list);
  void carry_out(report& line);
  void carry_out(consumer_done& end);
  void tell(const broker_name& broker, const broker_handle& handle,
            const join_consumer_group& request);
  void tell(const broker_name& broker, const broker_handle& handle, const lock_queues& request);
  void tell(const broker_name& broker, const broker_handle& handle, const commit_offsets& request);
  void tell(const broker_name& broker, const broker_handle& handle,
            const leave_consumer_group& request);
  void tell(const broker_name&, const broker_handle& handle, const release_queues& notice);
  void tell(const broker_name&, const broker_handle& handle, const unlock_queues& notice);
  void consumed(const consume_result& result);

  // -- what the program wants -----------------------------------------------------------------
  caf::result<consumer_closed> close() {
    auto promise = self->make_response_promise<consumer_closed>();
    closings.push_back(promise);
    machine->close(now());
    pump();
    return promise;
  }

  caf::result<offsets_committed> commit_now() {
    pump();
    auto commit = std::make_shared<awaited_commit>();
    commit->promise = self->make_response_promise<offsets_committed>();
    commit->open = 1; // this function's own share
    awaited = commit;
    auto left_out = machine->commit_all(now());
    pump();
    awaited = nullptr;
    auto promise = commit->promise;
    commit->settle(std::move(left_out));
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

  /// Puts a question of the program to a queue's broker, as soon as that is linked. These are rare,
  /// so CAF's own deadline serves.
  template <class Result, class Request, class Convert>
  caf::result<Result> ask_broker(const message_queue& queue, const Request& request,
                                 Convert convert) {
    auto promise = self->make_response_promise<Result>();
    auto ask = [=, this](const broker_handle& broker) mutable {
      if (!broker) {
        promise.deliver(make_error(errc::broker_not_exist,
                                   "broker " + queue.broker.value + " cannot be reached"));
        return;
      }
      self->request(broker, parts.request_limit, request)
        .then(
          [promise, convert](const answer_of<Request>& answer) mutable {
            caf::expected<Result> converted = convert(answer);
            if (converted)
              promise.deliver(std::move(*converted));
            else
              promise.deliver(std::move(converted.error()));
          },
          [promise](caf::error& why) mutable { promise.deliver(std::move(why)); });
    };
    if (auto link = links.find(queue.broker); link != links.end()) {
      ask(link->second);
    } else {
      watch(queue.topic);
      waiting.push_back({now() + parts.request_limit, queue.broker, std::move(ask)});
      pump();
    }
    return promise;
  }

  /// Puts the questions that waited for this broker, or gives up those that have waited too long.
  void end_waiting(const broker_name& linked) {
    auto moment = now();
    auto link = links.find(linked);
    for (auto& question : std::exchange(waiting, {})) {
      if (link != links.end() && question.broker == linked)
        question.ask(link->second);
      else if (moment >= question.deadline)
        question.ask({});
      else
        waiting.push_back(std::move(question));
    }
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
    for (auto& question : std::exchange(waiting, {}))
      question.ask({});
    for (const auto& [topic, view] : views)
      self->send(parts.client, unwatch_topic{topic});
    for (const auto& [broker, handle] : links)
      self->demonitor(handle.address());
    self->quit(std::move(reason));
  }
};

} // namespace cafmq::consuming
