#include "runtime/client/push_consumer.hpp"

#include <utility>

#include "runtime/client/consumer_link.hpp"
#include "runtime/client/listener_pool.hpp"

namespace cafmq {

class push_consumer::inside {
public:
  inside(const std::shared_ptr<client_core>& core, consumer_config config)
      : link(core, std::move(config)) {}

  result<done> start() {
    if (link.started()) return failure{errc::invalid_parameter, "the consumer runs already"};
    if (!listen) return failure{errc::invalid_parameter, "a push consumer needs a listener"};
    if (!link.has_subscriptions())
      return failure{errc::invalid_parameter, "a push consumer needs a subscription"};
    const auto& config = link.config();
    if (!config.auto_commit)
      return failure{errc::invalid_parameter, "a push consumer commits what its listener has "
                                              "consumed; autoCommit = false is for pull consumers"};
    pool = std::make_shared<listener_pool>(
      listener_pool::options{config.consume_thread_nums, config.consume_message_batch_max_size},
      [consume = listen](std::span<const received_message> messages) {
        return consume(messages) == consume_status::success;
      });
    return link.start(
      [weak = std::weak_ptr{pool}](consume_batch batch, const consumer_handle& consumer) {
        auto threads = weak.lock();
        if (!threads) return;
        threads->take(std::move(batch), [consumer](consume_result result) {
          caf::anon_send(consumer, std::move(result));
        });
      },
      [weak = std::weak_ptr{pool}] {
        auto threads = weak.lock();
        return threads ? threads->recall() : std::vector<delivery_id>{};
      },
      config.consume_thread_nums);
  }

  std::int32_t close() {
    auto running = link.close();
    if (pool) pool->stop();
    return running;
  }

  ~inside() { close(); }

  consumer_link link;
  listener listen;
  std::shared_ptr<listener_pool> pool;
};

push_consumer::push_consumer(const client& client, consumer_config config)
    : inside_(std::make_unique<inside>(client.core(), std::move(config))) {}
push_consumer::~push_consumer() = default;
push_consumer::push_consumer(push_consumer&&) noexcept = default;
push_consumer& push_consumer::operator=(push_consumer&&) noexcept = default;

result<done> push_consumer::subscribe(const std::string& topic, const std::string& expression) {
  return inside_->link.subscribe(topic, expression);
}

void push_consumer::on_message(listener consume) { inside_->listen = std::move(consume); }

result<done> push_consumer::start() { return inside_->start(); }

void push_consumer::suspend() {
  if (inside_->link.started()) caf::anon_send(inside_->link.actor(), suspend_consuming{true});
}

void push_consumer::resume() {
  if (inside_->link.started()) caf::anon_send(inside_->link.actor(), suspend_consuming{false});
}

std::vector<consumed_queue_state> push_consumer::queues() const { return inside_->link.queues(); }

std::string push_consumer::problem() const { return inside_->link.problem(); }

const std::string& push_consumer::id() const { return inside_->link.id(); }

std::int32_t push_consumer::close() { return inside_->close(); }

} // namespace cafmq
