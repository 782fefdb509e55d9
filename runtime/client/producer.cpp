#include "runtime/client/producer.hpp"

#include <atomic>
#include <caf/io/middleman.hpp>
#include <caf/io/network/multiplexer.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <optional>
#include <type_traits>
#include <utility>

#include "actors/client/producer_actor.hpp"
#include "messages/type_ids.hpp"
#include "runtime/client/client_core.hpp"
#include "runtime/client/one_shot_event.hpp"
#include "runtime/client/outbox.hpp"
#include "runtime/client/outcome_delivery.hpp"

namespace cafmq {

namespace {

outbox::limits limits_of(const producer_config& config) {
  return {config.back_pressure_for_async_send_num, config.back_pressure_for_async_send_size,
          config.block_when_full};
}

/// T is what a caller gets for what it sends: `send_result`, or a vector of them.
template <class T>
result<T> result_of(const send_outcome& outcome) {
  if (!outcome.stored()) return failure_of(outcome.failure());
  if constexpr (std::is_same_v<T, send_result>)
    return outcome.single();
  else
    return outcome.all();
}

failure would_wait_for_itself(const char* function) {
  return {errc::invalid_parameter, std::string{function}
                                     + " was called in a queue selector, for whose return it would "
                                       "wait; call it before, or in another thread"};
}

bool is_in_selector() { return client_scope::is_in(client_scope::kind::selector); }

// What a send consists of, checked: one message or a batch, ready to append its records.

struct single_content {
  prepared_message prepared;

  static caf::expected<single_content> check(const message_encoder& encoder, const message& m) {
    auto prepared = encoder.prepare(m);
    if (!prepared) return prepared.error();
    return single_content{std::move(*prepared)};
  }
  const message& first() const { return *prepared.content; }
  std::size_t count() const { return 1; }
  void append(message_encoder& encoder, std::vector<std::uint8_t>& drafts, wall_time_ms now) const {
    encoder.append(drafts, prepared, now);
  }
};

struct batch_content {
  std::span<const message> batch;

  static caf::expected<batch_content> check(const message_encoder& encoder,
                                            std::span<const message> batch) {
    if (auto checked = encoder.check(batch); !checked) return checked.error();
    return batch_content{batch};
  }
  const message& first() const { return batch.front(); }
  std::size_t count() const { return batch.size(); }
  void append(message_encoder& encoder, std::vector<std::uint8_t>& drafts, wall_time_ms now) const {
    for (const auto& m : batch)
      encoder.append(drafts, {&m, {}, 0}, now);
  }
};

using choice_ptr = std::unique_ptr<queue_choice>;

choice_ptr choose(queue_choice choice) { return std::make_unique<queue_choice>(std::move(choice)); }

} // namespace

class producer::inside {
public:
  inside(std::shared_ptr<client_core> core, const producer_config& config)
      : core_(std::move(core)), config_(config), clock_(system_wall_clock()),
        encoder_(config, core_->address(), core_->make_keys()),
        outbox_(std::make_shared<outbox>(limits_of(config),
                                         [this] { caf::anon_send(actor_, drain_outbox{}); })),
        outcomes_(std::make_shared<outcome_delivery>(outbox_)) {
    visit here;
    actor_ = spawn_producer(
      core_->system(), {.config = config,
                        .client = core_->routes(),
                        .id = core_->next_member_id(),
                        .encoder = {config, core_->address(), core_->make_keys()},
                        .clock = clock_,
                        .random = system_random(),
                        .heartbeat_interval = core_->config().heartbeat_broker_interval,
                        .outbox = {[box = outbox_] { return box->take(); },
                                   [to = outcomes_](std::int64_t messages, std::int64_t bytes) {
                                     to->settle(messages, bytes);
                                   }},
                        .home = &core_->system().middleman().backend()});
  }

  ~inside() { close(); }

  /// Sends and waits for the outcome.
  template <class T, class Content>
  result<T> send(const caf::expected<Content>& content, choice_ptr choice) {
    struct {
      one_shot_event ended;
      std::optional<result<T>> answer;
    } waiting;
    if (is_in_selector()) return would_wait_for_itself("send");
    auto done = [&waiting, to = outcomes_.get()](const send_outcome& outcome) {
      waiting.answer.emplace(result_of<T>(outcome));
      to->wake(waiting.ended);
    };
    if (auto refused = leave(content, {.choice = std::move(choice), .done = done}))
      return failure_of(refused);
    waiting.ended.wait();
    return std::move(*waiting.answer);
  }

  /// Sends and calls `callback` with the outcome, also when it is refused.
  template <class T, class Content>
  void send_async(const caf::expected<Content>& content, choice_ptr choice,
                  std::function<void(result<T>)> callback) {
    auto done = [callback, to = outcomes_.get()](const send_outcome& outcome) mutable {
      to->call<T>(std::move(callback), result_of<T>(outcome)); // an outcome comes once
    };
    if (auto refused = leave(content, {.mode = send_mode::async,
                                       .holds_room = true,
                                       .choice = std::move(choice),
                                       .done = std::move(done)}))
      outcome_delivery::run<T>(callback, failure_of(refused));
  }

  result<done> send_oneway(const message& m) {
    if (auto refused = leave(single(m), {.mode = send_mode::oneway, .holds_room = true}))
      return failure_of(refused);
    return cafmq::done{};
  }

  caf::expected<single_content> single(const message& m) const {
    return single_content::check(encoder_, m);
  }
  caf::expected<batch_content> batch(std::span<const message> messages) const {
    return batch_content::check(encoder_, messages);
  }

  result<std::vector<message_queue>> queues(const std::string& topic) {
    if (is_in_selector()) return would_wait_for_itself("message_queues");
    if (auto named = check_topic_name(topic); !named) return failure_of(named.error());
    result<std::vector<message_queue>> answer =
      failure{errc::request_timeout, "nobody has answered where topic " + topic + " is served"};
    visit here;
    caf::scoped_actor self{core_->system()};
    self->request(actor_, core_->config().mq_client_api_timeout, get_writable_queues{{topic}})
      .receive([&](const writable_queues& found) { answer = found.queues; },
               [&](const caf::error& why) {
                 if (code_of(why) != errc::request_timeout) answer = failure_of(why);
               });
    return answer;
  }

  void flush() {
    if (!client_scope::is_active()) outbox_->await_empty();
  }

  void close() {
    if (closed_.exchange(true)) return;
    outbox_->shut();
    if (client_scope::is_active()) return caf::anon_send(actor_, close_producer{});
    visit here;
    caf::scoped_actor self{core_->system()};
    self->request(actor_, config_.send_msg_timeout + std::chrono::seconds{2}, close_producer{})
      .receive(
        [](const producer_closed&) {},
        [&](const caf::error&) { caf::anon_send_exit(actor_, caf::exit_reason::user_shutdown); });
    outcomes_->finish();
  }

private:
  /// Leaves a send in the outbox; an error when it was not taken, `send.done` is not called then.
  template <class Content>
  caf::error leave(const caf::expected<Content>& content, outgoing send) {
    if (!content) return content.error();
    send.count = static_cast<std::int32_t>(content->count());
    send.wait_store = content->first().wait_store();
    auto encode = [&](std::vector<std::uint8_t>& drafts) {
      content->append(encoder_, drafts, clock_());
    };
    switch (outbox_->put(content->first().topic, send, encode)) {
      case outbox::put_result::left: return {};
      case outbox::put_result::full:
        return make_error(errc::system_busy,
                          "too many sends are unacknowledged (backPressureForAsyncSendNum or "
                          "-Size); try again later, or let send_async wait with blockWhenFull");
      case outbox::put_result::shut: break;
    }
    return make_error(errc::client_closed, "the producer is closed and takes no more messages");
  }

  std::shared_ptr<client_core> core_;
  producer_config config_;
  wall_clock clock_;
  message_encoder encoder_; // appends under the lock of the outbox
  std::shared_ptr<outbox> outbox_;
  std::shared_ptr<outcome_delivery> outcomes_;
  producer_handle actor_;
  std::atomic<bool> closed_{false};
};

producer::producer(const client& client, producer_config config)
    : inside_(std::make_shared<inside>(client.core(), config)) {}
producer::~producer() = default;
producer::producer(producer&&) noexcept = default;
producer& producer::operator=(producer&&) noexcept = default;

result<send_result> producer::send(const message& m) {
  return inside_->send<send_result>(inside_->single(m), {});
}

result<std::vector<send_result>> producer::send(std::span<const message> batch) {
  return inside_->send<std::vector<send_result>>(inside_->batch(batch), {});
}

result<send_result> producer::send(const message& m, std::string_view key) {
  return inside_->send<send_result>(inside_->single(m), choose({.key = std::string{key}}));
}

result<send_result> producer::send(const message& m, const message_queue& queue) {
  if (queue.broker.value.empty())
    return failure{errc::invalid_parameter, "the chosen queue has no broker name"};
  return inside_->send<send_result>(inside_->single(m), choose({.queue = queue}));
}

result<send_result> producer::send(const message& m, selector choose_queue) {
  if (!choose_queue) return failure{errc::invalid_parameter, "the queue selector is empty"};
  auto scoped = [choose_queue = std::move(choose_queue)](const auto& queues) {
    client_scope scope{client_scope::kind::selector};
    return choose_queue(queues);
  };
  return inside_->send<send_result>(inside_->single(m), choose({.selector = std::move(scoped)}));
}

void producer::send_async(const message& m, send_callback callback) {
  inside_->send_async<send_result>(inside_->single(m), {}, std::move(callback));
}

void producer::send_async(const message& m, std::string_view key, send_callback callback) {
  inside_->send_async<send_result>(inside_->single(m), choose({.key = std::string{key}}),
                                   std::move(callback));
}

std::future<result<send_result>> producer::send_async(const message& m) {
  auto promise = std::make_shared<std::promise<result<send_result>>>();
  auto future = promise->get_future();
  send_async(m, [promise](result<send_result> outcome) { promise->set_value(std::move(outcome)); });
  return future;
}

void producer::send_async(std::span<const message> batch,
                          std::function<void(result<std::vector<send_result>>)> callback) {
  inside_->send_async<std::vector<send_result>>(inside_->batch(batch), {}, std::move(callback));
}

result<done> producer::send_oneway(const message& m) { return inside_->send_oneway(m); }
void producer::flush() { inside_->flush(); }
result<std::vector<message_queue>> producer::message_queues(const std::string& topic) {
  return inside_->queues(topic);
}
void producer::close() { inside_->close(); }

} // namespace cafmq
