#include <condition_variable>
#include <doctest/doctest.h>
#include <future>
#include <mutex>

#include "runtime/client/admin.hpp"
#include "runtime/client/producer.hpp"
#include "runtime/client/push_consumer.hpp"
#include "runtime/node.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

namespace {

struct fixture {
  client_config settings() const {
    client_config config;
    config.namesrv_addr = {server.name_server_address()};
    return config;
  }
  std::vector<std::int64_t> send(int count, const std::string& key, const std::string& topic) {
    std::vector<std::int64_t> offsets;
    for (int i = 0; i < count; ++i) {
      message m{{topic}, "body " + std::to_string(i), {}, 0};
      m.set(property::keys, "all " + key + std::to_string(i));
      auto stored = sender.send(m, message_queue{{topic}, {"broker-a"}, {0}});
      REQUIRE_MESSAGE(stored, stored.sentence());
      last = *stored;
      offsets.push_back(stored->queue_offset());
    }
    return offsets;
  }
  topic_config orders(std::int32_t queues = 4) const {
    topic_config topic;
    topic.topic = {"orders"};
    topic.read_queues = topic.write_queues = queues;
    return topic;
  }

  node server{embedded_node_config()};
  client members{settings()};
  admin cluster{members};
  producer sender{members, {.producer_group = "tests"}};
  send_result last;
};

} // namespace

TEST_CASE_FIXTURE(fixture, "admin: topics are created, changed, listed and deleted") {
  auto created = cluster.create_topic(orders(2));
  REQUIRE_MESSAGE(created, created.sentence());
  CHECK(created->routed);
  CHECK(created->brokers.at({"broker-a"}).read_queues == 2);
  CHECK(cluster.route({"orders"})->queues.front().write_queues == 2);
  CHECK(*cluster.topics() == std::vector<topic_name>{{"orders"}});
  CHECK(cluster.topics(true)->size() > 1);

  auto changed = cluster.update_topic({"orders"}, {.write_queues = 1, .perm = permission::read});
  REQUIRE_MESSAGE(changed, changed.sentence());
  const auto& now = changed->brokers.at({"broker-a"});
  CHECK(now.read_queues == 2); // it was not to be changed
  CHECK(now.write_queues == 1);
  CHECK(now.perm == permission::read);
  CHECK(cluster.route({"orders"})->queues.front().perm == permission::read);

  auto deleted = cluster.delete_topic({"orders"});
  REQUIRE_MESSAGE(deleted, deleted.sentence());
  CHECK(deleted->brokers.size() == 1);
  CHECK(cluster.topics()->empty());
  CHECK(cluster.route({"orders"}).code() == errc::topic_not_exist);
}

TEST_CASE_FIXTURE(fixture, "admin: what a broker refuses comes with its name and address") {
  REQUIRE(cluster.create_topic(orders()));
  auto twice = cluster.create_topic(orders());
  CHECK(twice.code() == errc::topic_exist_already);
  CHECK(twice.sentence().find("broker broker-a at " + server.broker_address())
        != std::string::npos);
  topic_config nameless = orders();
  nameless.topic = {"no name"};
  CHECK(cluster.create_topic(nameless).code() == errc::invalid_parameter);
  CHECK(cluster.update_topic({"nowhere"}, {.order = true}).code() == errc::topic_not_exist);
  CHECK(cluster.delete_topic({"nowhere"}).code() == errc::topic_not_exist);
  CHECK(cluster.topic_queues({"nowhere"}).code() == errc::topic_not_exist);
  auto elsewhere = cluster.delete_topic({"orders"}, {.broker = "broker-z"});
  CHECK(elsewhere.code() == errc::broker_not_exist);
  CHECK(elsewhere.sentence().find("broker-z") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "admin: a master that lacks a topic is passed over") {
  auto second = embedded_node_config();
  second.name_server.reset();
  second.broker->broker_name = "broker-b";
  second.broker->namesrv_addr = {server.name_server_address()};
  node other{second};
  REQUIRE(cluster.create_topic(orders(), {.broker = "broker-b"}));
  auto changed = cluster.update_topic({"orders"}, {.read_queues = 8});
  REQUIRE_MESSAGE(changed, changed.sentence());
  CHECK(changed->brokers.size() == 1);
  CHECK(changed->brokers.at({"broker-b"}).read_queues == 8);
  auto deleted = cluster.delete_topic({"orders"});
  REQUIRE_MESSAGE(deleted, deleted.sentence());
  CHECK(deleted->brokers.count({"broker-b"}) == 1);
}

TEST_CASE_FIXTURE(fixture, "admin: messages are found by id, key, time and offset") {
  REQUIRE(cluster.create_topic(orders()));
  const auto offsets = send(5, "key-", "orders");
  CHECK(cluster.view_message(last.offset_msg_id())->body() == "body 4");
  CHECK(cluster.view_message(last.msg_id())->body() == "body 4");
  CHECK(cluster.view_message(last.msg_id(), {"orders"})->queue_offset() == offsets.back());
  CHECK(cluster.view_message("nothing").code() == errc::message_not_found);

  auto found = cluster.query_messages({"orders"}, "key-2");
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  CHECK(found->front().body() == "body 2");
  CHECK(cluster.query_messages({"orders"}, "all")->size() == 5);
  CHECK(cluster.query_messages({"orders"}, "key")->empty());
  const auto later = found->front().store_timestamp() + 60'000;
  CHECK(cluster.query_messages({"orders"}, "all", 32, later)->empty());

  const message_queue first{{"orders"}, {"broker-a"}, {0}};
  auto at = cluster.messages_at(first, 3, 10);
  REQUIRE(at);
  REQUIRE(at->size() == 2);
  CHECK(at->front().body() == "body 3");
  CHECK(cluster.messages_at({{"orders"}, {}, {0}}, 0, 2)->size() == 2);
  CHECK(cluster.messages_at({{"orders"}, {"broker-a"}, {99}}, 0).code() == errc::invalid_parameter);

  std::int64_t stored = 0;
  for (const auto& [queue, bounds, perm] : *cluster.topic_queues({"orders"}))
    stored += bounds.max - bounds.min;
  CHECK(stored == 5);
}

TEST_CASE_FIXTURE(fixture, "admin: to look at messages is no consuming, and makes no group") {
  REQUIRE(cluster.create_topic(orders()));
  send(1, "key-", "orders");
  const auto found = cluster.messages_at({{"orders"}, {"broker-a"}, {0}}, 0);
  REQUIRE_MESSAGE(found, found.sentence());
  CHECK(found->size() == 1);
  const auto groups = cluster.groups();
  REQUIRE_MESSAGE(groups, groups.sentence());
  for (const auto& summary : *groups)
    CHECK_FALSE(summary.consumers);
}

TEST_CASE_FIXTURE(fixture, "admin: a consumer group is described, also from within its listener") {
  REQUIRE(cluster.create_topic(orders()));
  send(3, "key-", "orders");
  push_consumer reader{members, {.consumer_group = "billing", .from = consume_from::first_offset}};
  REQUIRE(reader.subscribe("orders"));
  std::promise<result<consumer_group>> described;
  std::once_flag once;
  reader.on_message([&](auto) {
    std::call_once(once, [&] { described.set_value(cluster.describe_group({"billing"})); });
    return consume_status::success;
  });
  REQUIRE(reader.start());
  const auto group = described.get_future().get();
  REQUIRE_MESSAGE(group, group.sentence());
  CHECK(group->summary.members == 1);
  CHECK(group->members.begin()->first.value == reader.id());
  CHECK(group->queues.at({{"orders"}, {"broker-a"}, {0}}).max == queue_offset{3});
  CHECK(group->queues.at({{"orders"}, {"broker-a"}, {0}}).owner.value == reader.id());
  bool is_listed = false;
  for (const auto& summary : *cluster.groups())
    is_listed |= summary.consumers && summary.group.value == "billing";
  CHECK(is_listed);
  auto missing = cluster.describe_group({"nobody"});
  CHECK(missing.code() == errc::group_not_exist);
  CHECK(missing.sentence().find("nobody") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "admin: brokers tell how they are, and one that is gone does not") {
  auto found = cluster.brokers();
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  CHECK(found->front().address == server.broker_address());
  auto status = cluster.status(found->front());
  REQUIRE_MESSAGE(status, status.sentence());
  CHECK(status->accepts_messages);
  CHECK(status->broker == found->front().name);
  auto gone = found->front();
  gone.address = "127.0.0.1:1";
  const auto silent = cluster.status(gone);
  CHECK_FALSE(silent);
  CHECK(silent.sentence().find("127.0.0.1:1") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "admin: a queue selector, which holds up the sockets, is told so") {
  result<std::vector<topic_name>> asked = failure{};
  CHECK(sender.send(message{{"orders"}, "body"}, [&](const std::vector<message_queue>& queues) {
    asked = cluster.topics();
    return queues.front();
  }));
  CHECK(asked.code() == errc::invalid_parameter);
}

TEST_CASE("admin: without a name server each call says so within its time") {
  client_config config;
  config.namesrv_addr = {"127.0.0.1:1"};
  config.mq_client_api_timeout = 200ms;
  admin cluster{client{config}};
  CHECK(cluster.brokers().code() == errc::no_name_server);
  CHECK(cluster.topics().code() == errc::no_name_server);
  CHECK(cluster.delete_topic({"orders"}).code() == errc::no_name_server);
}
