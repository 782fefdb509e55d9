#include <doctest/doctest.h>

#include "actors/broker/broker_actor.hpp"
#include "actors/broker/name_rules.hpp"
#include "support/broker_stage.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

// Sends, pulls and questions to queues; the end of a broker.

struct running : test::broker_stage {
  explicit running(broker_config settings = {}) : broker_stage(std::move(settings)) {
    start_broker();
  }
};

TEST_CASE_FIXTURE(running, "broker: a send reaches the log and is answered by it") {
  REQUIRE(create(topic("orders")));
  auto receipt = send(batch("orders", 3));
  REQUIRE(receipt);
  CHECK(receipt->first_offset.value == 0);
  REQUIRE(seen->stored.size() == 1);
  CHECK(seen->stored.front().queue.value == 3);
  CHECK(gauge->used() == 0);
  send(batch("orders", 3));
  CHECK(seen->queues.size() == 1); // one actor a queue
}

TEST_CASE_FIXTURE(running, "D12 broker: nothing of a refused send is stored") {
  REQUIRE(create(topic("orders")));
  auto closed = topic("closed");
  closed.perm = permission::read;
  REQUIRE(create(closed));
  CHECK(refusal(batch("orders", 4)) == errc::invalid_parameter);
  CHECK(refusal(batch("orders", -1)) == errc::invalid_parameter);
  CHECK(refusal(batch("closed")) == errc::no_permission);
  CHECK(refusal(batch("SCHEDULE_TOPIC_XXXX")) == errc::no_permission);
  CHECK(refusal(batch("a b")) == errc::invalid_parameter);
  CHECK(refusal(batch("orders", 0, 10)) == errc::message_illegal);
  auto retry = batch("%RETRY%g", 0, 500);
  retry.count = 2;
  CHECK(refusal(retry) == errc::message_illegal);
  CHECK(seen->stored.empty());
  CHECK(gauge->used() == 0);
}

TEST_CASE("D12 broker: where topics are not created by sending, an unknown one is refused") {
  broker_config config;
  config.auto_create_topic_enable = false;
  running stage{config};
  CHECK(stage.refusal(stage.batch("orders")) == errc::topic_not_exist);
  CHECK(stage.seen->stored.empty());
  CHECK(code_of(stage.show("orders").error()) == errc::topic_not_exist);
}

TEST_CASE("M10 broker: beyond its bytes under way a broker is busy and stores nothing") {
  broker_config config;
  config.store.send_bytes_in_flight_max = 1'000;
  running stage{config};
  REQUIRE(stage.create(stage.topic("orders")));
  auto others = stage.gauge->take(801);
  CHECK(stage.refusal(stage.batch("orders")) == errc::system_busy);
  CHECK(stage.refusal(stage.batch("new")) == errc::system_busy);
  CHECK(stage.seen->stored.empty());
  CHECK(code_of(stage.show("new").error()) == errc::topic_not_exist);
  others = nullptr;
  CHECK(stage.send(stage.batch("orders")));
}

TEST_CASE("M10 broker: beyond its queue actors a broker is busy") {
  broker_config config;
  config.queue_actors_max = 2;
  running stage{config};
  REQUIRE(stage.create(stage.topic("orders")));
  CHECK(stage.send(stage.batch("orders", 0)));
  CHECK(stage.send(stage.batch("orders", 1)));
  CHECK(stage.refusal(stage.batch("orders", 2)) == errc::system_busy);
  CHECK(stage.send(stage.batch("orders", 1)));
}

TEST_CASE_FIXTURE(running, "M12 broker: the first send makes its topic, on disk, with 4 queues") {
  auto receipt = send(batch("orders", 2));
  REQUIRE(receipt);
  CHECK(show("orders")->write_queues == 4);
  CHECK(on_disk().topics().count({"orders"}) == 1);
  CHECK(seen->stored.size() == 1);
  CHECK(refusal(batch("bills", 4)) == errc::invalid_parameter); // made, but has no queue 4
  CHECK(show("bills"));
}

TEST_CASE_FIXTURE(running, "M12 broker: a topic that cannot be written is not made") {
  disk->is_failing = true;
  CHECK(refusal(batch("orders")) == errc::io_error);
  CHECK(seen->stored.empty());
  CHECK(gauge->used() == 0);
  disk->is_failing = false;
  CHECK(send(batch("orders")));
}

TEST_CASE_FIXTURE(running, "broker: one-way sends are stored or dropped, and never answered") {
  auto sender = system.spawn_probe();
  system.send_from(sender, broker, send_oneway{batch("orders")});
  system.send_from(sender, broker, send_oneway{batch("orders", 1)});
  system.send_from(sender, broker, send_oneway{batch("orders", 9)});
  CHECK(seen->oneway.size() == 2);
  CHECK(sender.received<send_receipt>().empty());
  CHECK(gauge->used() == 0);
}

TEST_CASE_FIXTURE(running, "broker: a dead queue actor is made anew when it is next needed") {
  REQUIRE(create(topic("orders")));
  send(batch("orders"));
  system.kill(seen->queues.front());
  CHECK(send(batch("orders")));
  CHECK(seen->queues.size() == 2);
  CHECK(system.ask<broker_status>(broker, get_broker_status{})->queues == 1);
}

pull_messages pull(std::string topic, std::int32_t queue = 0) {
  pull_messages result;
  result.group = {"g"};
  result.client = {"c"};
  result.topic = {std::move(topic)};
  result.queue = {queue};
  result.suspend = 10min;
  return result;
}

TEST_CASE_FIXTURE(running, "broker: a pull reaches its queue, with no more patience than allowed") {
  REQUIRE(create(topic("orders")));
  CHECK(system.ask<pulled_messages>(broker, pull("orders")));
  CHECK(seen->pulls.at(0).suspend == config.long_polling_max);
  CHECK(on_disk().groups().count({"g"}) == 1);
  CHECK(code_of(system.ask<pulled_messages>(broker, pull("orders", 4)).error())
        == errc::invalid_parameter);
  CHECK(code_of(system.ask<pulled_messages>(broker, pull("bills")).error())
        == errc::topic_not_exist);
  CHECK(seen->pulls.size() == 1);
}

TEST_CASE_FIXTURE(running, "broker: a pull that asks for too much gets as much as a pull may") {
  REQUIRE(create(topic("orders")));
  auto greedy = pull("orders");
  greedy.count_max = INT32_MAX;
  greedy.bytes_max = INT32_MAX;
  CHECK(system.ask<pulled_messages>(broker, greedy));
  auto modest = pull("orders");
  modest.count_max = pull_count_limit;
  modest.bytes_max = pull_bytes_limit - 1;
  CHECK(system.ask<pulled_messages>(broker, modest));
  REQUIRE(seen->pulls.size() == 2);
  CHECK(seen->pulls[0].count_max == pull_count_limit);
  CHECK(seen->pulls[0].bytes_max == pull_bytes_limit);
  CHECK(seen->pulls[1].count_max == pull_count_limit);
  CHECK(seen->pulls[1].bytes_max == pull_bytes_limit - 1);
}

TEST_CASE("broker: an unknown group does not pull where groups are not made by consuming") {
  broker_config config;
  config.auto_create_subscription_group = false;
  running stage{config};
  stage.create(stage.topic("orders"));
  CHECK(code_of(stage.system.ask<pulled_messages>(stage.broker, pull("orders")).error())
        == errc::group_not_exist);
}

TEST_CASE("broker: tools pull whatever groups may do, and no group comes of it") {
  for (auto may_create : {true, false}) {
    CAPTURE(may_create);
    broker_config config;
    config.auto_create_subscription_group = may_create;
    running stage{config};
    REQUIRE(stage.create(stage.topic("orders")));
    auto look = pull("orders");
    look.group = {std::string{tools_group}};
    CHECK(stage.system.ask<pulled_messages>(stage.broker, look));
    CHECK(stage.system.ask<group_list>(stage.broker, list_groups{})->groups.empty());
    CHECK(stage.on_disk().groups().empty());
  }
}

TEST_CASE_FIXTURE(running, "broker: queues answer for their bounds and offsets") {
  REQUIRE(create(topic("orders")));
  CHECK(system.ask<queue_bounds>(broker, get_queue_bounds{{"orders"}, {1}})->max.value == 8);
  CHECK(system.ask<found_offset>(broker, search_offset{{"orders"}, {1}, 0})->offset.value == 5);
  CHECK(code_of(system.ask<queue_bounds>(broker, get_queue_bounds{{"orders"}, {4}}).error())
        == errc::invalid_parameter);
}

TEST_CASE_FIXTURE(running,
                  "broker: it ends, with its queues, when the commit log or metadata dies") {
  for (auto is_log : {true, false}) {
    REQUIRE(send(batch("orders")));
    if (is_log)
      system.kill(commit_log);
    else
      system.kill(metadata);
    CHECK(code_of(send(batch("orders")).error()) == errc::client_closed);
    CHECK(code_of(system.ask<queue_bounds>(seen->queues.back(), get_queue_bounds{}).error())
          == errc::client_closed);
    restart_broker();
  }
}

} // namespace
} // namespace cafmq
