#pragma once

#include <caf/error.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <memory>
#include <string>
#include <vector>

#include "actors/client/consumer_actor.hpp"
#include "messages/type_ids.hpp"
#include "runtime/client/client_core.hpp"
#include "runtime/client/consumed_queue_state.hpp"

namespace cafmq {

/// A blocking program's end of a consumer actor: what push and pull consumers have in common.
class consumer_link {
public:
  consumer_link(std::shared_ptr<client_core> core, consumer_config config);
  ~consumer_link();
  consumer_link(const consumer_link&) = delete;
  consumer_link& operator=(const consumer_link&) = delete;

  const consumer_config& config() const { return config_; }
  consumer_config& config() { return config_; }
  const std::string& id() const { return id_.value; }

  /// Takes a subscription for the start. Failures: invalid_parameter (topic name; already
  /// started), subscription_parse_failed.
  result<done> subscribe(const std::string& topic, const std::string& expression);

  /// Starts the actor; `listen` gets its batches, `recall` gives back revoked ones. Failures:
  /// invalid_parameter, subscription_parse_failed.
  result<done> start(std::function<void(consume_batch, const consumer_handle&)> listen,
                     std::function<std::vector<delivery_id>()> recall, std::int32_t threads);
  bool started() const { return static_cast<bool>(actor_); }
  bool has_subscriptions() const { return !subscriptions_.empty(); }
  /// The actor, for notices.
  const consumer_handle& actor() const { return actor_; }

  /// Puts a question to the actor. Failures: client_closed before the start and after the end,
  /// request_timeout, and those of the answer.
  template <class Reply, class Request>
  result<Reply> ask(const Request& request) {
    return ask<Reply>(request, 2 * core_->config().mq_client_api_timeout);
  }

  /// Leaves the group: the number of listeners still at work after awaitTerminationMs.
  std::int32_t close();
  std::vector<consumed_queue_state> queues();
  /// Why nothing can be consumed; empty: nothing is known, or the actor does not run.
  std::string problem();
  /// The readable queues of any topic.
  result<std::vector<message_queue>> message_queues(const std::string& topic);

private:
  template <class Reply, class Request>
  result<Reply> ask(const Request& request, std::chrono::milliseconds limit) {
    result<Reply> answer = failure{errc::client_closed, "the consumer is not running"};
    if (!actor_) return answer;
    visit here;
    caf::scoped_actor self{core_->system()};
    self->request(actor_, limit, request)
      .receive([&](const Reply& reply) { answer = reply; },
               [&](const caf::error& why) { answer = failure_of(why); });
    return answer;
  }

  std::shared_ptr<client_core> core_;
  consumer_config config_;
  client_id id_;
  std::vector<subscription> subscriptions_;
  local_offset_handle local_offsets_;
  consumer_handle actor_;
};

} // namespace cafmq
