#include "actors/broker/request_checks.hpp"

#include <algorithm>

#include "actors/broker/name_rules.hpp"
#include "messages/codec/record.hpp"
#include "messages/errors.hpp"

namespace cafmq {

namespace {

std::string topic_here(const broker_config& config, const topic_name& topic) {
  return "topic " + topic.value + " on broker " + config.broker_name;
}

caf::error missing_topic(const broker_config& config, const topic_name& topic) {
  return make_error(errc::topic_not_exist,
                    topic_here(config, topic) + " does not exist; create it, or send to it first");
}

caf::error wrong_queue(const broker_config& config, const topic_name& topic, queue_id queue,
                       std::int32_t count) {
  return make_error(errc::invalid_parameter, topic_here(config, topic) + " has queues 0.."
                                               + std::to_string(count - 1) + ", not "
                                               + std::to_string(queue.value));
}

bool is_within(queue_id queue, std::int32_t count) {
  return queue.value >= 0 && queue.value < count;
}

std::int32_t all_queues(const topic_config& topic) {
  return std::max(topic.read_queues, topic.write_queues);
}

caf::error check_readable(const broker_config& config) {
  if ((config.broker_permission & permission::read) != 0) return {};
  return make_error(errc::no_permission,
                    "broker " + config.broker_name + " does not give messages (brokerPermission)");
}

caf::error check_group(const broker_config& config, const group_settings* known,
                       const group_name& group) {
  if (known == nullptr) {
    if (auto named = check_name(group); !named) return named.error();
    if (!config.auto_create_subscription_group)
      return make_error(errc::group_not_exist, "group " + group.value + " is not on broker "
                                                 + config.broker_name
                                                 + ", which does not create groups by consuming");
    return {};
  }
  if (!known->consume_enable)
    return make_error(errc::no_permission,
                      "group " + group.value + " may not consume (consumeEnable)");
  return {};
}

caf::error check_broadcasting(const group_settings* known, const group_name& group) {
  if (known == nullptr || known->consume_broadcast_enable) return {};
  return make_error(errc::no_permission,
                    "group " + group.value + " may not broadcast (consumeBroadcastEnable)");
}

} // namespace

caf::error check_send(const broker_config& config, const send_batch& batch) {
  if (config.broker_id != 0)
    return make_error(errc::service_not_available,
                      "broker " + config.broker_name + " is a slave here; send to its master");
  if ((config.broker_permission & permission::write) == 0)
    return make_error(errc::no_permission, "broker " + config.broker_name
                                             + " does not take messages (brokerPermission)");
  if (auto named = check_name(batch.topic); !named) return named.error();
  if (!is_open_to_clients(batch.topic))
    return make_error(errc::no_permission,
                      "topic " + batch.topic.value + " is written by brokers only");
  auto bytes = static_cast<std::int64_t>(batch.drafts.size());
  if (batch.count < 1 || bytes < batch.count * static_cast<std::int64_t>(record_fixed_bytes_v1))
    return make_error(errc::message_illegal, "a batch of " + std::to_string(bytes)
                                               + " bytes cannot hold " + std::to_string(batch.count)
                                               + " messages");
  const std::int64_t bytes_max =
    std::int64_t{config.store.max_message_size} + record_bytes_over_body_max;
  if (bytes > bytes_max)
    return make_error(errc::message_illegal,
                      "a batch of " + std::to_string(bytes) + " bytes is more than the "
                        + std::to_string(bytes_max)
                        + " that a broker takes at once (maxMessageSize and 64 KiB)");
  if (batch.count > 1 && is_retry_topic(batch.topic))
    return make_error(errc::message_illegal,
                      "topic " + batch.topic.value + " takes one message at a time");
  return {};
}

caf::error check_send_topic(const broker_config& config, const topic_config& topic,
                            const send_batch& batch) {
  if (!topic.writable())
    return make_error(errc::no_permission, topic_here(config, topic.topic)
                                             + " does not permit sending (perm "
                                             + std::to_string(topic.perm) + ")");
  if (!is_within(batch.queue, all_queues(topic)))
    return wrong_queue(config, topic.topic, batch.queue, all_queues(topic));
  return {};
}

caf::error check_pull_group(const broker_config& config, const group_settings* known,
                            const pull_messages& pull) {
  if (auto refused = check_readable(config)) return refused;
  if (is_tools_group(pull.group)) return {};
  if (auto refused = check_group(config, known, pull.group)) return refused;
  return pull.broadcasting ? check_broadcasting(known, pull.group) : caf::error{};
}

caf::error check_pull_topic(const broker_config& config, const topic_config* topic,
                            const pull_messages& pull) {
  if (topic == nullptr) return missing_topic(config, pull.topic);
  if (!topic->readable())
    return make_error(errc::no_permission, topic_here(config, topic->topic)
                                             + " does not permit consuming (perm "
                                             + std::to_string(topic->perm) + ")");
  if (!is_within(pull.queue, topic->read_queues))
    return wrong_queue(config, topic->topic, pull.queue, topic->read_queues);
  if (pull.count_max < 1 || pull.bytes_max < 1)
    return make_error(errc::invalid_parameter, "a pull must ask for at least one message and byte");
  return {};
}

caf::error check_queue(const broker_config& config, const topic_config* topic,
                       const topic_name& name, queue_id queue) {
  if (topic == nullptr) return missing_topic(config, name);
  if (!is_within(queue, all_queues(*topic)))
    return wrong_queue(config, name, queue, all_queues(*topic));
  return {};
}

caf::error check_join(const broker_config& config, const group_settings* known,
                      const join_consumer_group& request) {
  if (request.client.value.empty())
    return make_error(errc::invalid_parameter,
                      "a member of group " + request.group.value + " must have a client id");
  if (request.model > message_model::broadcasting || request.from > consume_from::timestamp)
    return make_error(errc::invalid_parameter,
                      "the joining of group " + request.group.value + " has an unknown mode");
  if (auto refused = check_readable(config)) return refused;
  if (auto refused = check_group(config, known, request.group)) return refused;
  return request.model == message_model::broadcasting ? check_broadcasting(known, request.group)
                                                      : caf::error{};
}

} // namespace cafmq
