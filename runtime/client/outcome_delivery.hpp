#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "messages/send_result.hpp"
#include "runtime/client/outbox.hpp"
#include "runtime/client/result.hpp"
#include "runtime/client/wake_chain.hpp"

namespace cafmq {

/// Brings a producer's outcomes to the program: wakes the threads that wait for one, and runs
/// callbacks one after another in a thread of their own, so that a slow one holds up no socket.
///
/// The first three functions are for the producer actor, `finish` is for the program.
class outcome_delivery {
public:
  template <class T>
  using callback = std::function<void(result<T>)>;

  explicit outcome_delivery(std::shared_ptr<outbox> sends);
  /// Callbacks that have not run yet still do.
  ~outcome_delivery();
  outcome_delivery(const outcome_delivery&) = delete;
  outcome_delivery& operator=(const outcome_delivery&) = delete;

  /// The event's outcome is there; it is signalled when the turn is settled.
  void wake(one_shot_event& event) { woken_.add(event); }
  template <class T>
  void call(callback<T> what, result<T> outcome) {
    calls_.push_back(call_of<T>{std::move(what), std::move(outcome)});
  }
  /// Delivers what has come since the last call, and then gives so much room back to the outbox.
  void settle(std::int64_t messages, std::int64_t bytes);

  /// Waits until all callbacks have run, unless a callback calls it. What is settled later runs in
  /// the thread that settles it.
  void finish();

  /// Runs a callback; an exception is logged.
  template <class T>
  static void run(const callback<T>& what, result<T> outcome);

private:
  template <class T>
  struct call_of {
    callback<T> what;
    result<T> outcome;
  };
  using call_any = std::variant<call_of<send_result>, call_of<std::vector<send_result>>>;
  struct turn {
    std::vector<call_any> calls;
    std::int64_t messages = 0;
    std::int64_t bytes = 0;
  };
  struct post; // what the callbacks' thread shares with this

  void end();
  static void run_turn(turn& what, outbox& sends);
  static void run_turns(const std::shared_ptr<post>& from);

  wake_chain woken_;
  std::vector<call_any> calls_;
  std::shared_ptr<post> post_;
};

} // namespace cafmq
