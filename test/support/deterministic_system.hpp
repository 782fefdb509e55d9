#pragma once

#include <caf/actor.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/event_based_actor.hpp>
#include <caf/exit_reason.hpp>
#include <caf/expected.hpp>
#include <caf/message.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include "actors/ports.hpp"
#include "messages/errors.hpp"
#include "messages/type_ids.hpp"

namespace cafmq::test {

/// What a probe does on behalf of the test; never leaves the process.
struct errand {
  std::function<void(caf::event_based_actor*)> run;
};

} // namespace cafmq::test

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafmq::test::errand)

namespace cafmq::test {

/// CAF's test scheduler: one message at a time on the calling thread, in order or, after `shuffle`,
/// in a seeded order. Remembers every actor it ever ran, so that all can be ended.
class deterministic_scheduler : public caf::scheduler::test_coordinator {
public:
  using test_coordinator::test_coordinator;
  static caf::actor_system::module* make(caf::actor_system& system, caf::detail::type_list<>) {
    return new deterministic_scheduler(system);
  }

  void shuffle(std::uint64_t seed) { chance_.emplace(seed); }
  /// Lets one actor handle one message; false when nobody has any.
  bool step();
  /// A kill for every actor that ever ran and still lives.
  void kill_all();
  /// A fingerprint of the order in which actors ran so far.
  std::uint64_t trace() const { return trace_; }

protected:
  void enqueue(caf::resumable* job) override;

private:
  std::optional<std::mt19937_64> chance_;
  std::map<caf::actor_id, caf::weak_actor_ptr> seen_;
  std::uint64_t trace_ = 14'695'981'039'346'656'037U;
};

/// The answer to a request, once it is there.
template <class Reply>
class pending {
public:
  bool done() const { return state_->has_value(); }
  bool succeeded() const { return done() && static_cast<bool>(**state_); }
  /// errc::request_timeout while there is none.
  caf::expected<Reply> get() const {
    return done() ? **state_ : caf::expected<Reply>{make_error(errc::request_timeout)};
  }

private:
  friend class deterministic_system;
  std::shared_ptr<std::optional<caf::expected<Reply>>> state_ =
    std::make_shared<std::optional<caf::expected<Reply>>>();
};

/// Somebody in the test: it sends and asks under its own name, keeps every notice that it gets, and
/// can be killed. A request to it is answered by nobody.
class probe {
public:
  /// Its address as any handle: `client.as<group_member_handle>()`.
  template <class Handle = caf::actor>
  Handle as() const {
    return caf::actor_cast<Handle>(self_);
  }
  /// All notices of type T so far, oldest first.
  template <class T>
  std::vector<T> received() const {
    std::vector<T> result;
    for (const auto& notice : *notices_)
      if (notice.template match_elements<T>()) result.push_back(notice.template get_as<T>(0));
    return result;
  }
  /// The newest notice of type T.
  template <class T>
  std::optional<T> last() const {
    auto all = received<T>();
    return all.empty() ? std::nullopt : std::optional<T>{std::move(all.back())};
  }
  void forget() { notices_->clear(); }

private:
  friend class deterministic_system;
  caf::actor self_;
  std::shared_ptr<std::vector<caf::message>> notices_ =
    std::make_shared<std::vector<caf::message>>();
};

/// An actor system on one thread and virtual time: nothing happens except inside the calls below,
/// two minutes pass in microseconds, and one seed gives one history. All actors end with it.
///
/// Handles kept by a test must be declared after it. Actors that are detached in a real node must
/// be spawned undetached here.
class deterministic_system {
public:
  /// Without a seed actors take turns; with one, the next to run is drawn.
  explicit deterministic_system(std::optional<std::uint64_t> seed = std::nullopt);
  ~deterministic_system();
  deterministic_system(const deterministic_system&) = delete;
  deterministic_system& operator=(const deterministic_system&) = delete;

  /// For spawn functions that take it.
  caf::actor_system& system() { return system_; }

  template <class F, class... Arguments>
  auto spawn(F f, Arguments&&... arguments) {
    auto result = system_.spawn(std::move(f), std::forward<Arguments>(arguments)...);
    settle();
    return result;
  }

  probe spawn_probe();

  /// Sends a notice from nobody, or from `sender`, and lets everybody react.
  template <class Handle, class Message>
  void send(const Handle& to, Message what) {
    caf::anon_send(to, std::move(what));
    settle();
  }
  template <class Handle, class Message>
  void send_from(const probe& sender, const Handle& to, Message what) {
    // Through the untyped address: a probe takes whatever comes back.
    auto target = caf::actor_cast<caf::actor>(to);
    on_behalf_of(sender, [target, what = std::move(what)](caf::event_based_actor* self) {
      self->send(target, what);
    });
  }

  /// Sends a request; its answer may need time.
  template <class Reply, class Handle, class Message>
  pending<Reply> request_from(const probe& sender, const Handle& to, Message what) {
    pending<Reply> answer;
    auto target = caf::actor_cast<caf::actor>(to);
    on_behalf_of(sender, [target, what = std::move(what),
                          state = answer.state_](caf::event_based_actor* self) {
      self->request(target, caf::infinite, what)
        .then([state](const Reply& reply) { state->emplace(reply); },
              [state](caf::error& fault) { state->emplace(std::move(fault)); });
    });
    return answer;
  }
  template <class Reply, class Handle, class Message>
  pending<Reply> request(const Handle& to, Message what) {
    return request_from<Reply>(asker_, to, std::move(what));
  }

  /// Asks for an answer that needs no time; errc::request_timeout when there was none.
  template <class Reply, class Handle, class Message>
  caf::expected<Reply> ask(const Handle& to, Message what) {
    return request<Reply>(to, std::move(what)).get();
  }
  template <class Reply, class Handle, class Message>
  caf::expected<Reply> ask_from(const probe& sender, const Handle& to, Message what) {
    return request_from<Reply>(sender, to, std::move(what)).get();
  }

  /// Ends an actor; whoever monitors it learns at once.
  template <class Handle>
  void kill(const Handle& who, caf::exit_reason reason = caf::exit_reason::kill) {
    caf::anon_send_exit(who, reason);
    settle();
  }
  void kill(const probe& who, caf::exit_reason reason = caf::exit_reason::kill) {
    kill(who.self_, reason);
  }

  /// Lets everybody handle what is in the mailboxes; no time passes.
  void settle();

  /// Time passes while an actor is at work, from within that work: what falls due waits for it.
  void pass_under_way(caf::timespan duration);
  template <class Rep, class Period>
  void pass_under_way(std::chrono::duration<Rep, Period> duration) {
    pass_under_way(std::chrono::duration_cast<caf::timespan>(duration));
  }

  /// Lets time pass, from timer to timer.
  void advance(caf::timespan duration);
  template <class Rep, class Period>
  void advance(std::chrono::duration<Rep, Period> duration) {
    advance(std::chrono::duration_cast<caf::timespan>(duration));
  }

  caf::actor_clock::time_point now() const { return scheduler_.clock().current_time; }
  /// Wall time that goes with virtual time, from 2024-01-01 00:00 UTC on.
  wall_time_ms wall_now() const;
  wall_clock clock() const {
    return [this] { return wall_now(); };
  }
  random_source random();

  std::uint64_t trace() const { return scheduler_.trace(); }

private:
  void on_behalf_of(const probe& sender, std::function<void(caf::event_based_actor*)> what) {
    caf::anon_send(sender.self_, errand{std::move(what)});
    settle();
  }

  struct configuration : caf::actor_system_config {
    configuration();
  };
  configuration configuration_;
  std::shared_ptr<std::mt19937_64> chance_;
  caf::actor_system system_;
  deterministic_scheduler& scheduler_;
  caf::actor_clock::time_point start_;
  probe asker_;
};

} // namespace cafmq::test
