#include "runtime/client/outcome_delivery.hpp"

#include <condition_variable>
#include <exception>
#include <mutex>

#include "actors/log.hpp"

namespace cafmq {

struct outcome_delivery::post {
  explicit post(std::shared_ptr<outbox> of) : sends(std::move(of)) {}

  const std::shared_ptr<outbox> sends;
  std::mutex mutex;
  std::condition_variable news;
  std::vector<turn> turns; // bounded by the outbox: their sends hold room until they have run
  bool is_finished = false;
  std::thread thread; // starts with the first callback
};

outcome_delivery::outcome_delivery(std::shared_ptr<outbox> sends)
    : post_(std::make_shared<post>(std::move(sends))) {}

outcome_delivery::~outcome_delivery() {
  // It may be a callback, or the thread of the sockets, that lets the producer go.
  end();
  if (post_->thread.joinable()) post_->thread.detach();
}

void outcome_delivery::settle(std::int64_t messages, std::int64_t bytes) {
  woken_.pull();
  turn settled{std::exchange(calls_, {}), messages, bytes};
  if (settled.calls.empty()) {
    if (messages > 0) post_->sends->release(messages, bytes);
    return;
  }
  {
    std::lock_guard lock{post_->mutex};
    if (!post_->is_finished) {
      post_->turns.push_back(std::move(settled));
      if (!post_->thread.joinable())
        post_->thread = std::thread{[shared = post_] { run_turns(shared); }};
      post_->news.notify_one();
      return;
    }
  }
  run_turn(settled, *post_->sends);
}

void outcome_delivery::end() {
  {
    std::lock_guard lock{post_->mutex};
    post_->is_finished = true;
  }
  post_->news.notify_one();
}

void outcome_delivery::finish() {
  end();
  if (post_->thread.joinable() && post_->thread.get_id() != std::this_thread::get_id())
    post_->thread.join();
}

template <class T>
void outcome_delivery::run(const callback<T>& what, result<T> outcome) {
  if (!what) return;
  client_scope scope{client_scope::kind::callback};
  try {
    what(std::move(outcome));
  } catch (const std::exception& thrown) {
    log::error("send-callback-threw", "a send callback has thrown: ", thrown.what());
  } catch (...) {
    log::error("send-callback-threw", "a send callback has thrown");
  }
}

template void outcome_delivery::run(const callback<send_result>&, result<send_result>);
template void outcome_delivery::run(const callback<std::vector<send_result>>&,
                                    result<std::vector<send_result>>);

void outcome_delivery::run_turn(turn& what, outbox& sends) {
  for (auto& any : what.calls)
    std::visit([](auto& one) { run(one.what, std::move(one.outcome)); }, any);
  if (what.messages > 0) sends.release(what.messages, what.bytes);
}

void outcome_delivery::run_turns(const std::shared_ptr<post>& from) {
  std::unique_lock lock{from->mutex};
  for (;;) {
    from->news.wait(lock, [&] { return from->is_finished || !from->turns.empty(); });
    if (from->turns.empty()) return;
    auto turns = std::exchange(from->turns, {});
    lock.unlock();
    for (auto& one : turns)
      run_turn(one, *from->sends);
    turns.clear();
    lock.lock();
  }
}

} // namespace cafmq
