#include <doctest/doctest.h>

#include "actors/broker/name_rules.hpp"
#include "actors/broker/request_checks.hpp"
#include "messages/codec/record.hpp"
#include "messages/errors.hpp"

namespace cafmq {
namespace {

send_batch batch_of(std::size_t bytes, std::string topic = "orders", std::int32_t count = 1) {
  send_batch result;
  result.topic = {std::move(topic)};
  result.count = count;
  result.drafts = byte_block{byte_block::bytes(bytes)};
  return result;
}

topic_config orders(std::int32_t read = 4, std::int32_t write = 4, std::int32_t perm = 6) {
  topic_config result;
  result.topic = {"orders"};
  result.read_queues = read;
  result.write_queues = write;
  result.perm = perm;
  return result;
}

errc send(const broker_config& config, const send_batch& batch) {
  return code_of(check_send(config, batch));
}

TEST_CASE("request_checks: a sound send passes") {
  CHECK(send({}, batch_of(200)) == errc::none);
  CHECK(code_of(check_send_topic({}, orders(), batch_of(200))) == errc::none);
}

TEST_CASE("M9 request_checks: a batch of maxMessageSize and 64 KiB passes, a byte more does not") {
  broker_config config;
  config.store.max_message_size = 1'000;
  CHECK(send(config, batch_of(1'000 + 65'536)) == errc::none);
  CHECK(send(config, batch_of(1'000 + 65'537)) == errc::message_illegal);
}

TEST_CASE("D12 request_checks: what cannot be a batch is refused") {
  CHECK(send({}, batch_of(0)) == errc::message_illegal);
  CHECK(send({}, batch_of(record_fixed_bytes_v1 - 1)) == errc::message_illegal);
  CHECK(send({}, batch_of(record_fixed_bytes_v1)) == errc::none);
  CHECK(send({}, batch_of(200, "orders", 3)) == errc::message_illegal);
  CHECK(send({}, batch_of(200, "orders", 0)) == errc::message_illegal);
  CHECK(send({}, batch_of(200, "orders", -1)) == errc::message_illegal);
}

TEST_CASE("D12 request_checks: a slave, a closed broker and closed topics take nothing") {
  broker_config slave;
  slave.broker_id = 1;
  CHECK(send(slave, batch_of(200)) == errc::service_not_available);
  broker_config closed;
  closed.broker_permission = permission::read;
  CHECK(send(closed, batch_of(200)) == errc::no_permission);
  CHECK(send({}, batch_of(200, "SCHEDULE_TOPIC_XXXX")) == errc::no_permission);
  CHECK(send({}, batch_of(200, "a b")) == errc::invalid_parameter);
  CHECK(code_of(check_send_topic({}, orders(4, 4, permission::read), batch_of(200)))
        == errc::no_permission);
}

TEST_CASE("D12 request_checks: retry topics take one message at a time") {
  CHECK(send({}, batch_of(500, "%RETRY%g", 1)) == errc::none);
  CHECK(send({}, batch_of(500, "%RETRY%g", 2)) == errc::message_illegal);
}

TEST_CASE("M12 request_checks: a queue out of the write queues still takes what is under way") {
  auto to = [](std::int32_t queue) {
    auto batch = batch_of(200);
    batch.queue = {queue};
    return code_of(check_send_topic({}, orders(8, 4), batch));
  };
  CHECK(to(3) == errc::none);
  CHECK(to(7) == errc::none);
  CHECK(to(8) == errc::invalid_parameter);
  CHECK(to(-1) == errc::invalid_parameter);
}

pull_messages pull(std::int32_t queue) {
  pull_messages result;
  result.group = {"g"};
  result.topic = {"orders"};
  result.queue = {queue};
  return result;
}

TEST_CASE("request_checks: pulls from readable queues pass, others do not") {
  auto topic = orders(2, 4);
  CHECK(code_of(check_pull_topic({}, &topic, pull(1))) == errc::none);
  CHECK(code_of(check_pull_topic({}, &topic, pull(2))) == errc::invalid_parameter);
  CHECK(code_of(check_pull_topic({}, &topic, pull(-1))) == errc::invalid_parameter);
  CHECK(code_of(check_pull_topic({}, nullptr, pull(0))) == errc::topic_not_exist);
  auto closed = orders(4, 4, permission::write);
  CHECK(code_of(check_pull_topic({}, &closed, pull(0))) == errc::no_permission);
  auto nothing = pull(0);
  nothing.count_max = 0;
  CHECK(code_of(check_pull_topic({}, &topic, nothing)) == errc::invalid_parameter);
}

pull_messages pull_of(group_name group, bool broadcasting = false) {
  pull_messages pull;
  pull.group = std::move(group);
  pull.broadcasting = broadcasting;
  return pull;
}

TEST_CASE("request_checks: a group that may not broadcast cannot pull in that way either") {
  group_settings known;
  CHECK(code_of(check_pull_group({}, &known, pull_of({"g"}, true))) == errc::none);
  known.consume_broadcast_enable = false;
  CHECK(code_of(check_pull_group({}, &known, pull_of({"g"}, true))) == errc::no_permission);
  CHECK(code_of(check_pull_group({}, &known, pull_of({"g"}))) == errc::none);
}

TEST_CASE("request_checks: groups pull when they exist or may be made, and are not switched off") {
  broker_config config;
  group_settings known;
  CHECK(code_of(check_pull_group(config, &known, pull_of({"g"}))) == errc::none);
  CHECK(code_of(check_pull_group(config, nullptr, pull_of({"g"}))) == errc::none);
  CHECK(code_of(check_pull_group(config, nullptr, pull_of({"a b"}))) == errc::invalid_parameter);
  known.consume_enable = false;
  CHECK(code_of(check_pull_group(config, &known, pull_of({"g"}))) == errc::no_permission);
  config.auto_create_subscription_group = false;
  CHECK(code_of(check_pull_group(config, nullptr, pull_of({"g"}))) == errc::group_not_exist);
  config.broker_permission = permission::write;
  CHECK(code_of(check_pull_group(config, nullptr, pull_of({"g"}))) == errc::no_permission);
}

TEST_CASE("request_checks: tools pull without a group, but join none") {
  broker_config config;
  config.auto_create_subscription_group = false;
  const group_name tools{std::string{tools_group}};
  group_settings closed;
  closed.consume_enable = false;
  CHECK(code_of(check_pull_group(config, nullptr, pull_of(tools))) == errc::none);
  CHECK(code_of(check_pull_group(config, &closed, pull_of(tools))) == errc::none);
  join_consumer_group join;
  join.group = tools;
  join.client = {"c"};
  CHECK(code_of(check_join(config, nullptr, join)) == errc::group_not_exist);
  config.broker_permission = permission::write;
  CHECK(code_of(check_pull_group(config, nullptr, pull_of(tools))) == errc::no_permission);
}

TEST_CASE("request_checks: a joining names its client and keeps to what the group allows") {
  join_consumer_group join;
  join.group = {"g"};
  CHECK(code_of(check_join({}, nullptr, join)) == errc::invalid_parameter);
  join.client = {"c"};
  CHECK(code_of(check_join({}, nullptr, join)) == errc::none);
  join.model = message_model::broadcasting;
  group_settings known;
  CHECK(code_of(check_join({}, &known, join)) == errc::none);
  known.consume_broadcast_enable = false;
  CHECK(code_of(check_join({}, &known, join)) == errc::no_permission);
  join.model = static_cast<message_model>(7);
  CHECK(code_of(check_join({}, &known, join)) == errc::invalid_parameter);
}

TEST_CASE("request_checks: questions about a queue need the topic and the queue") {
  auto topic = orders(2, 4);
  CHECK(code_of(check_queue({}, &topic, {"orders"}, {3})) == errc::none);
  CHECK(code_of(check_queue({}, &topic, {"orders"}, {4})) == errc::invalid_parameter);
  CHECK(code_of(check_queue({}, nullptr, {"orders"}, {0})) == errc::topic_not_exist);
}

} // namespace
} // namespace cafmq
