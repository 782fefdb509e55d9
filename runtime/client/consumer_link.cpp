#include "runtime/client/consumer_link.hpp"

#include <utility>

#include "actors/client/message_encoder.hpp"
#include "actors/client/subscription_expression.hpp"
#include "runtime/client/local_offsets_actor.hpp"

namespace cafmq {

consumer_link::consumer_link(std::shared_ptr<client_core> core, consumer_config config)
    : core_(std::move(core)), config_(std::move(config)), id_(core_->next_member_id()) {}

consumer_link::~consumer_link() { close(); }

result<done> consumer_link::subscribe(const std::string& topic, const std::string& expression) {
  if (actor_)
    return failure{errc::invalid_parameter, "a running consumer takes no new subscriptions; "
                                            "subscribe before it starts"};
  if (config_.sharing.strategy == "NONE")
    return failure{errc::invalid_parameter, "strategy NONE gives no queue of a subscription to "
                                            "anybody; assign queues, or choose another strategy"};
  if (auto named = check_topic_name(topic); !named) return failure_of(named.error());
  auto parsed = subscription_expression::parse(expression);
  if (!parsed) return failure_of(parsed.error());
  std::erase_if(subscriptions_, [&](const subscription& s) { return s.topic.value == topic; });
  subscriptions_.push_back({{topic}, expression, 0});
  return done{};
}

result<done> consumer_link::start(std::function<void(consume_batch, const consumer_handle&)> listen,
                                  std::function<std::vector<delivery_id>()> recall,
                                  std::int32_t threads) {
  if (auto named = check_group_name(config_.consumer_group); !named)
    return failure_of(named.error());
  visit here;
  if (config_.model == message_model::broadcasting)
    local_offsets_ = spawn_local_offsets(core_->system(), config_.offset_store_dir);
  auto spawned = spawn_consumer(core_->system(),
                                {.config = config_,
                                 .client = core_->routes(),
                                 .id = id_,
                                 .subscriptions = subscriptions_,
                                 .listener = {},
                                 .listen = std::move(listen),
                                 .recall = std::move(recall),
                                 .listener_threads = threads,
                                 .local_offsets = local_offsets_,
                                 .clock = system_wall_clock(),
                                 .heartbeat_interval = core_->config().heartbeat_broker_interval,
                                 .request_limit = core_->config().mq_client_api_timeout});
  if (!spawned) return failure_of(spawned.error());
  actor_ = std::move(*spawned);
  return done{};
}

std::int32_t consumer_link::close() {
  std::int32_t running = 0;
  if (actor_) {
    // Longer than the actor itself takes at most.
    auto limit = config_.await_termination + 2 * core_->config().mq_client_api_timeout;
    auto closed = ask<consumer_closed>(close_consumer{}, limit);
    if (closed)
      running = closed->running_listeners;
    else
      caf::anon_send_exit(actor_, caf::exit_reason::kill);
    actor_ = nullptr;
  }
  if (local_offsets_) caf::anon_send_exit(local_offsets_, caf::exit_reason::user_shutdown);
  local_offsets_ = nullptr;
  return running;
}

std::vector<consumed_queue_state> consumer_link::queues() {
  std::vector<consumed_queue_state> states;
  if (auto status = ask<consumer_status>(get_consumer_status{}))
    for (const auto& queue : status->queues)
      states.push_back({queue.queue, queue.running, queue.next.value, queue.committable.value,
                        queue.messages, queue.bytes});
  return states;
}

std::string consumer_link::problem() {
  auto status = ask<consumer_status>(get_consumer_status{});
  return status ? std::move(status->problem) : std::string{};
}

result<std::vector<message_queue>> consumer_link::message_queues(const std::string& topic) {
  if (auto named = check_topic_name(topic); !named) return failure_of(named.error());
  result<std::vector<message_queue>> answer = failure{};
  visit here;
  caf::scoped_actor self{core_->system()};
  self
    ->request(core_->routes(), core_->config().mq_client_api_timeout + answer_grace,
              get_topic_route{{topic}})
    .receive(
      [&](const topic_route& route) {
        std::vector<message_queue> queues;
        for (const auto& part : route.queues)
          for (std::int32_t i = 0; (part.perm & permission::read) != 0 && i < part.read_queues; ++i)
            queues.push_back({{topic}, part.broker, {i}});
        answer = std::move(queues);
      },
      [&](const caf::error& why) { answer = failure_of(why); });
  return answer;
}

} // namespace cafmq
