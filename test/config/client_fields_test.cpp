#include <doctest/doctest.h>

#include "config/config_reader.hpp"
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
    {"pullThresholdSizeForQueue", "100"},
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

TEST_CASE("client_fields: pullThresholdSizeForQueue is 1 to 1024 MiB, as in RocketMQ") {
  // RocketMQ: DefaultMQPushConsumerImpl.checkConfig.
  const auto with_limit = [](const std::string& value) {
    return read_settings(R"({"client": {"pullThresholdSizeForQueue": )" + value + "}}", "c.json");
  };
  CHECK(settings{}.consumer.pull_threshold_size_for_queue == 100 * 1024 * 1024);
  const auto good = with_limit("200");
  CHECK(good.faults.empty());
  CHECK(good.values.consumer.pull_threshold_size_for_queue == 200 * 1024 * 1024);
  CHECK(with_limit("1").faults.empty());
  CHECK(with_limit("1024").faults.empty());
  for (const char* beyond : {"0", "1025"}) {
    const auto faults = with_limit(beyond).faults;
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].sentence == "is " + std::string{beyond} + ", but must be within 1..1024 MiB");
  }
}

TEST_CASE("client_fields: a pull may not be set to bring more than a broker gives") {
  const auto with = [](const std::string& key, std::int64_t value) {
    return read_settings(R"({"client": {")" + key + "\": " + std::to_string(value) + "}}",
                         "c.json");
  };
  const std::pair<const char*, std::int64_t> limits[] = {
    {"pullBatchSize", 16'384},
    {"pullBatchBytes", 16 * 1024 * 1024},
  };
  for (const auto& entry : limits) { // clang 14 captures no structured bindings
    CHECK(with(entry.first, entry.second).faults.empty());
    const auto faults = with(entry.first, entry.second + 1).faults;
    REQUIRE(faults.size() == 1);
    CHECK(faults[0].path == std::string{"client."} + entry.first);
  }
}

TEST_CASE("client_fields: a limit of part of a MiB, as a program may set it, is shown as a whole") {
  settings values;
  values.consumer.pull_threshold_size_for_queue = 1;
  const auto* field = find_field("client", "pullThresholdSizeForQueue");
  REQUIRE(field);
  CHECK(to_text(field->get(values)) == "1");
}
