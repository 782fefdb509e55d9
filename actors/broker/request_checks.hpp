#pragma once

#include <caf/error.hpp>

#include "config/broker_config.hpp"
#include "messages/codec/metadata_json.hpp"
#include "messages/consuming.hpp"
#include "messages/groups.hpp"
#include "messages/producing.hpp"
#include "messages/topic.hpp"

namespace cafmq {

// What the front door refuses, each with one sentence, in RocketMQ's order (AbstractSendMessage-
// Processor.msgCheck, PullMessageProcessor). No error means: go on. After a refusal nothing is
// stored.

/// Checks that need no topic. Errors: service_not_available (a slave), no_permission (broker or
/// system topic), invalid_parameter (name), message_illegal (empty, too large, several messages to
/// a retry topic).
caf::error check_send(const broker_config& config, const send_batch& batch);

/// The rest, once the topic is known. Errors: no_permission, invalid_parameter (queue id; a queue
/// that was taken out of the write queues still accepts what clients send by an old route).
caf::error check_send_topic(const broker_config& config, const topic_config& topic,
                            const send_batch& batch);

/// Is the broker readable, and may this group pull at all, and in this way? `known` is null for an
/// unknown group. Tools always may. Errors: no_permission (also broadcasting where the group
/// forbids it), group_not_exist, invalid_parameter.
caf::error check_pull_group(const broker_config& config, const group_settings* known,
                            const pull_messages& pull);

/// `topic` is null where there is none. Errors: topic_not_exist, no_permission, invalid_parameter.
caf::error check_pull_topic(const broker_config& config, const topic_config* topic,
                            const pull_messages& pull);

/// For questions about a queue. Errors: topic_not_exist, invalid_parameter.
caf::error check_queue(const broker_config& config, const topic_config* topic,
                       const topic_name& name, queue_id queue);

/// May this client join? `known` is null for an unknown group. Errors: invalid_parameter,
/// group_not_exist, no_permission (broadcasting where the group forbids it).
caf::error check_join(const broker_config& config, const group_settings* known,
                      const join_consumer_group& request);

} // namespace cafmq
