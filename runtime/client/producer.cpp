#include "runtime/client/producer.hpp"

#include <atomic>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <mutex>
#include <utility>

#include "actors/client/producer_actor.hpp"
#include "messages/type_ids.hpp"
#include "runtime/client/client_core.hpp"
#include "runtime/client/one_shot_event.hpp"
#include "runtime/client/outbox.hpp"

namespace cafmq {

namespace {

template <class T>
result<T> refused(const caf::error& why) {
  return failure_of(why);
}

result<send_result> single(send_outcome& outcome) {
  if (outcome.failure) return failure_of(outcome.failure);
  return std::move(outcome.results.front());
}

result<std::vector<send_result>> several(send_outcome& outcome) {
  if (outcome.failure) return failure_of(outcome.failure);
  return std::move(outcome.results);
}

outbox::limits limits_of(const producer_config& config) {
  return {config.back_pressure_for_async_send_num, config.back_pressure_for_async_send_size,
          config.block_when_full};
}

} // namespace

class producer::inside {
public:
  inside(std::shared_ptr<client_core> core, const producer_config& config)
      : core_(std::move(core)), config_(config), clock_(system_wall_clock()),
        encoder_(config, core_->address(), core_->make_keys()),
        outbox_(std::make_shared<outbox>(limits_of(config),
                                         [this] { caf::anon_send(actor_, drain_outbox{}); })) {
    if (auto named = check_group_name(config.producer_group); !named)
      startup_failure_ = named.error();
    actor_ = spawn_producer(core_->system(),
                            {.config = config,
                             .client = core_->routes(),
                             .id = core_->next_member_id(),
                             .encoder = {config, core_->address(), core_->make_keys()},
                             .clock = clock_,
                             .random = system_random(),
                             .heartbeat_interval = core_->config().heartbeat_broker_interval,
                             .take_outbox = [box = outbox_] { return box->take(); }});
  }

  ~inside() { close(); }

  template <class Messages>
  caf::expected<outgoing> encode(const Messages& messages) {
    if (startup_failure_) return startup_failure_;
    std::lock_guard lock{encoding_};
    return encoder_.encode(messages, clock_());
  }

  /// Leaves a send and waits for its outcome.
  send_outcome send_and_wait(outgoing send) {
    one_shot_event ended;
    send_outcome outcome;
    send.mode = send_mode::sync;
    send.done = [&](send_outcome result) {
      outcome = std::move(result);
      ended.signal();
    };
    outbox_->put(std::move(send));
    ended.wait();
    return outcome;
  }

  /// Leaves a send; `finish` is called with its outcome, also when there is no room for it.
  void send_later(outgoing send, send_mode mode, send_completion finish) {
    auto messages = static_cast<std::int64_t>(send.count());
    auto bytes = static_cast<std::int64_t>(send.drafts.size());
    if (!outbox_->reserve(messages, bytes)) {
      auto full =
        make_error(errc::system_busy,
                   "too many sends are unacknowledged (backPressureForAsyncSendNum or -Size)");
      return finish ? finish(send_outcome{std::move(full), {}}) : void();
    }
    send.mode = mode;
    send.done = [box = outbox_, messages, bytes, finish = std::move(finish)](send_outcome outcome) {
      if (finish) finish(std::move(outcome));
      box->release(messages, bytes);
    };
    outbox_->put(std::move(send));
  }

  result<std::vector<message_queue>> queues(const std::string& topic) {
    if (auto named = check_topic_name(topic); !named) return failure_of(named.error());
    result<std::vector<message_queue>> answer =
      failure{errc::request_timeout, "nobody has answered where topic " + topic + " is served"};
    caf::scoped_actor self{core_->system()};
    self->request(actor_, core_->config().mq_client_api_timeout, get_writable_queues{{topic}})
      .receive([&](const writable_queues& found) { answer = found.queues; },
               [&](const caf::error& why) {
                 if (code_of(why) != errc::request_timeout) answer = failure_of(why);
               });
    return answer;
  }

  void flush() { outbox_->await_empty(); }

  void close() {
    if (closed_.exchange(true)) return;
    outbox_->shut();
    caf::scoped_actor self{core_->system()};
    self->request(actor_, config_.send_msg_timeout + std::chrono::seconds{2}, close_producer{})
      .receive(
        [](const producer_closed&) {},
        [&](const caf::error&) { caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown); });
    actor_ = nullptr;
  }

private:
  std::shared_ptr<client_core> core_;
  producer_config config_;
  wall_clock clock_;
  caf::error startup_failure_;
  std::mutex encoding_;
  message_encoder encoder_;
  std::shared_ptr<outbox> outbox_;
  producer_handle actor_;
  std::atomic<bool> closed_{false};
};

producer::producer(const client& client, producer_config config)
    : inside_(std::make_shared<inside>(client.core(), config)) {}
producer::~producer() = default;
producer::producer(producer&&) noexcept = default;
producer& producer::operator=(producer&&) noexcept = default;

result<send_result> producer::send(const message& m) {
  auto encoded = inside_->encode(m);
  if (!encoded) return refused<send_result>(encoded.error());
  auto outcome = inside_->send_and_wait(std::move(*encoded));
  return single(outcome);
}

result<std::vector<send_result>> producer::send(std::span<const message> batch) {
  auto encoded = inside_->encode(batch);
  if (!encoded) return refused<std::vector<send_result>>(encoded.error());
  auto outcome = inside_->send_and_wait(std::move(*encoded));
  return several(outcome);
}

result<send_result> producer::send(const message& m, std::string_view key) {
  auto encoded = inside_->encode(m);
  if (!encoded) return refused<send_result>(encoded.error());
  encoded->sharding_key = key;
  auto outcome = inside_->send_and_wait(std::move(*encoded));
  return single(outcome);
}

result<send_result> producer::send(const message& m, const message_queue& queue) {
  auto encoded = inside_->encode(m);
  if (!encoded) return refused<send_result>(encoded.error());
  if (queue.topic != m.topic)
    return failure{errc::invalid_parameter, "the chosen queue belongs to topic " + queue.topic.value
                                              + ", the message to " + m.topic.value};
  encoded->chosen = queue;
  auto outcome = inside_->send_and_wait(std::move(*encoded));
  return single(outcome);
}

result<send_result> producer::send(const message& m, selector choose) {
  auto encoded = inside_->encode(m);
  if (!encoded) return refused<send_result>(encoded.error());
  encoded->selector = std::move(choose);
  auto outcome = inside_->send_and_wait(std::move(*encoded));
  return single(outcome);
}

void producer::send_async(const message& m, send_callback callback) {
  send_async(m, {}, std::move(callback));
}

void producer::send_async(const message& m, std::string_view key, send_callback callback) {
  auto encoded = inside_->encode(m);
  if (!encoded) return callback(refused<send_result>(encoded.error()));
  encoded->sharding_key = key;
  inside_->send_later(
    std::move(*encoded), send_mode::async,
    [callback = std::move(callback)](send_outcome outcome) { callback(single(outcome)); });
}

std::future<result<send_result>> producer::send_async(const message& m) {
  auto promise = std::make_shared<std::promise<result<send_result>>>();
  auto future = promise->get_future();
  send_async(m, [promise](result<send_result> outcome) { promise->set_value(std::move(outcome)); });
  return future;
}

void producer::send_async(std::span<const message> batch,
                          std::function<void(result<std::vector<send_result>>)> callback) {
  auto encoded = inside_->encode(batch);
  if (!encoded) return callback(refused<std::vector<send_result>>(encoded.error()));
  inside_->send_later(
    std::move(*encoded), send_mode::async,
    [callback = std::move(callback)](send_outcome outcome) { callback(several(outcome)); });
}

result<done> producer::send_oneway(const message& m) {
  auto encoded = inside_->encode(m);
  if (!encoded) return refused<done>(encoded.error());
  inside_->send_later(std::move(*encoded), send_mode::oneway, {});
  return done{};
}

void producer::flush() { inside_->flush(); }
result<std::vector<message_queue>> producer::message_queues(const std::string& topic) {
  return inside_->queues(topic);
}
void producer::close() { inside_->close(); }

} // namespace cafmq
