#include "runtime/client/pull_consumer.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

#include "messages/batch_messages.hpp"
#include "runtime/client/consumer_link.hpp"
#include "runtime/client/listener_pool.hpp"

namespace cafmq {

namespace {

/// Batches on their way from the consumer actor to the polling thread.
class batch_shelf {
public:
  struct batch_of {
    consume_batch batch;
    consumer_handle consumer;
  };

  void put(consume_batch batch, const consumer_handle& consumer) {
    {
      std::lock_guard lock{mutex_};
      waiting_.push_back({std::move(batch), consumer});
    }
    news_.notify_one();
  }

  std::optional<batch_of> take(std::chrono::steady_clock::time_point deadline) {
    std::unique_lock lock{mutex_};
    if (!news_.wait_until(lock, deadline, [this] { return !waiting_.empty(); }))
      return std::nullopt;
    auto next = std::move(waiting_.front());
    waiting_.pop_front();
    return next;
  }

  /// Takes the revoked batches away; nobody polls them any more.
  std::vector<delivery_id> recall() {
    std::vector<delivery_id> recalled;
    std::lock_guard lock{mutex_};
    std::erase_if(waiting_, [&](const batch_of& waiting) {
      if (waiting.batch.wanted.revoked()) recalled.push_back(waiting.batch.delivery);
      return waiting.batch.wanted.revoked();
    });
    return recalled;
  }

  std::deque<batch_of> take_all() {
    std::lock_guard lock{mutex_};
    return std::exchange(waiting_, {});
  }

private:
  std::mutex mutex_;
  std::condition_variable news_;
  std::deque<batch_of> waiting_;
};

consume_result untouched(const consume_batch& batch) { return {batch.delivery, {}, {0}, {}}; }

} // namespace

class pull_consumer::inside {
public:
  inside(const std::shared_ptr<client_core>& core, consumer_config config)
      : link(core, std::move(config)) {}

  ~inside() { close(false); }

  result<done> start() {
    if (closed) return failure{errc::client_closed, "the consumer was closed"};
    if (link.started()) return done{};
    return link.start(
      [shelf = shelf](consume_batch batch, const consumer_handle& consumer) {
        shelf->put(std::move(batch), consumer);
      },
      [shelf = shelf] { return shelf->recall(); }, 1);
  }

  result<done> assign(const std::vector<message_queue>& queues) {
    if (link.has_subscriptions())
      return failure{errc::invalid_parameter,
                     "this consumer has subscribed to topics, so its group shares their queues"};
    link.config().sharing.strategy = "NONE";
    if (auto started = start(); !started) return started;
    return as_done(link.ask<queues_assigned>(assign_queues{queues}));
  }

  result<std::vector<received_message>> poll(std::chrono::milliseconds timeout) {
    if (!link.started() && !link.has_subscriptions())
      return failure{errc::invalid_parameter, "subscribe or assign queues before polling"};
    if (auto started = start(); !started) return started.error();
    settle_polled(true);
    constexpr std::chrono::milliseconds timeout_max = std::chrono::hours{24 * 365}; // clocks end
    auto deadline = std::chrono::steady_clock::now() + std::min(timeout, timeout_max);
    std::vector<received_message> messages;
    while (auto next = shelf->take(deadline)) {
      if (next->batch.wanted.revoked()) {
        caf::anon_send(next->consumer, untouched(next->batch));
        continue;
      }
      messages.reserve(static_cast<std::size_t>(next->batch.count));
      bool whole = for_each_message(next->batch, [&](received_message message) {
        messages.push_back(std::move(message));
        return true;
      });
      if (!whole) report_damage(next->batch.queue);
      polled = std::move(next);
      if (!messages.empty()) break;
      settle_polled(true); // nothing in it was wanted
    }
    return messages;
  }

  result<done> commit() {
    settle_polled(true);
    return as_done(link.ask<offsets_committed>(commit_consumed{}));
  }

  result<done> seek(const seek_queue& where) {
    if (polled && polled->batch.queue == where.queue) settle_polled(true);
    return as_done(link.ask<queue_sought>(where));
  }

  void close(bool consumed) {
    if (std::exchange(closed, true)) return;
    settle_polled(consumed);
    for (auto& left : shelf->take_all())
      caf::anon_send(left.consumer, untouched(left.batch));
    link.close();
    shelf->take_all();
  }

  template <class T>
  static result<done> as_done(const result<T>& answer) {
    if (answer) return done{};
    return answer.error();
  }

  consumer_link link;

private:
  /// What the last poll returned is consumed, or has not been.
  void settle_polled(bool consumed) {
    if (!polled) return;
    const auto& batch = polled->batch;
    caf::anon_send(polled->consumer,
                   consumed ? consume_result{batch.delivery, {}, no_offset, {}} : untouched(batch));
    polled.reset();
  }

  std::shared_ptr<batch_shelf> shelf = std::make_shared<batch_shelf>();
  std::optional<batch_shelf::batch_of> polled;
  bool closed = false;
};

pull_consumer::pull_consumer(const client& client, consumer_config config)
    : inside_(std::make_unique<inside>(client.core(), std::move(config))) {}
pull_consumer::~pull_consumer() = default;
pull_consumer::pull_consumer(pull_consumer&&) noexcept = default;
pull_consumer& pull_consumer::operator=(pull_consumer&&) noexcept = default;

result<done> pull_consumer::subscribe(const std::string& topic, const std::string& expression) {
  return inside_->link.subscribe(topic, expression);
}

result<done> pull_consumer::assign(const std::vector<message_queue>& queues) {
  return inside_->assign(queues);
}

result<std::vector<received_message>> pull_consumer::poll(std::chrono::milliseconds timeout) {
  return inside_->poll(timeout);
}

result<done> pull_consumer::commit() { return inside_->commit(); }

result<done> pull_consumer::seek(const message_queue& queue, std::int64_t offset) {
  return inside_->seek({queue, seek_target::offset, {offset}});
}

result<done> pull_consumer::seek_to_begin(const message_queue& queue) {
  return inside_->seek({queue, seek_target::begin, {}});
}

result<done> pull_consumer::seek_to_end(const message_queue& queue) {
  return inside_->seek({queue, seek_target::end, {}});
}

result<std::int64_t> pull_consumer::committed(const message_queue& queue) {
  auto found = inside_->link.ask<found_offset>(get_committed{queue});
  if (!found) return found.error();
  return found->offset.value;
}

result<std::int64_t> pull_consumer::offset_for_time(const message_queue& queue,
                                                    std::int64_t timestamp) {
  auto found = inside_->link.ask<found_offset>(get_offset_for_time{queue, timestamp});
  if (!found) return found.error();
  return found->offset.value;
}

result<std::vector<message_queue>> pull_consumer::message_queues(const std::string& topic) {
  return inside_->link.message_queues(topic);
}

void pull_consumer::suspend() {
  if (inside_->link.started()) caf::anon_send(inside_->link.actor(), suspend_consuming{true});
}

void pull_consumer::resume() {
  if (inside_->link.started()) caf::anon_send(inside_->link.actor(), suspend_consuming{false});
}

std::vector<consumed_queue_state> pull_consumer::queues() const { return inside_->link.queues(); }

std::string pull_consumer::problem() const { return inside_->link.problem(); }

const std::string& pull_consumer::id() const { return inside_->link.id(); }

void pull_consumer::close() { inside_->close(true); }

} // namespace cafmq
