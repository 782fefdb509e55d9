#include <doctest/doctest.h>

#include "config/field_table.hpp"

using namespace cafmq;

TEST_CASE("client_fields: defaults are RocketMQ's where it has the key") {
  // RocketMQ: ClientConfig.java, DefaultMQProducer.java, DefaultMQPushConsumer.java.
  const std::pair<const char*, const char*> expected[] = {
    {"pollNameServerInterval", "30000"},
    {"heartbeatBrokerInterval", "30000"},
    {"instanceName", "DEFAULT"},
    {"mqClientApiTimeout", "3000"},
    {"sendMsgTimeout", "3000"},
    {"retryTimesWhenSendFailed", "2"},
    {"retryTimesWhenSendAsyncFailed", "2"},
    {"compressMsgBodyOverHowmuch", "4096"},
    {"compressLevel", "5"},
    {"maxMessageSize", "4194304"},
    {"messageModel", "CLUSTERING"},
    {"consumeFromWhere", "CONSUME_FROM_LAST_OFFSET"},
    {"consumeMessageBatchMaxSize", "1"},
    {"persistConsumerOffsetInterval", "5000"},
    {"suspendCurrentQueueTime", "1000"},
  };
  for (const auto& entry : expected) { // named one by one: clang 14 captures no structured bindings
    const auto& key = entry.first;
    const auto& value = entry.second;
    const auto* field = find_field("client", key);
    REQUIRE_MESSAGE(field, key);
    CHECK_MESSAGE(to_text(field->get(settings{})) == value, key);
  }
}
