#include <doctest/doctest.h>

#include "support/broker_stage.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

// Registration with name servers, and the routes that groups follow.

struct registered : test::broker_stage {
  registered() : broker_stage(two_name_servers()) {
    start_name_server("ns1:9876");
    start_name_server("ns2:9876");
    start_broker();
  }
  static broker_config two_name_servers() {
    broker_config config;
    config.namesrv_addr = {"ns1:9876", "ns2:9876"};
    return config;
  }
  bool is_routed(const std::string& name_server, const std::string& topic) {
    return static_cast<bool>(route(name_server, topic));
  }
  /// Another broker of the cluster, as a name server sees it.
  void register_other(const test::probe& other, std::int64_t version, std::int32_t queues) {
    register_broker request{{"DefaultCluster"}, {"broker-b"}, 0,
                            "b:10911",          {version, 0}, {topic("orders", queues, queues)}};
    for (const auto& [address, name_server] : name_servers)
      system.ask_from<broker_registered>(other, name_server, request);
    system.settle();
  }
  std::vector<std::string> last_told() {
    std::vector<std::string> result;
    if (seen->told.empty()) return {"nothing"};
    for (const auto& queue : seen->told.back().queues)
      result.push_back(queue.broker.value + std::to_string(queue.id.value));
    return result;
  }
  void join() {
    join_consumer_group request;
    request.group = {"g"};
    request.client = {"c"};
    system.ask<group_joined>(broker, request);
  }
};

using queues = std::vector<std::string>;

TEST_CASE_FIXTURE(registered, "M2 broker: it registers with every name server at its start") {
  REQUIRE(is_routed("ns1:9876", "TBW102"));
  CHECK(is_routed("ns2:9876", "TBW102"));
  CHECK(route("ns1:9876", "TBW102")->brokers.front().addresses.at(0) == "broker-a:10911");
}

TEST_CASE_FIXTURE(registered, "M2 broker: each topic change is known to all name servers at once") {
  REQUIRE(send(batch("orders")));
  REQUIRE(is_routed("ns1:9876", "orders"));
  CHECK(route("ns1:9876", "orders")->queues.front().write_queues == 4);
  REQUIRE(is_routed("ns2:9876", "orders"));
  REQUIRE(create(topic("orders", 8, 8)));
  CHECK(route("ns2:9876", "orders")->queues.front().write_queues == 8);
  REQUIRE(system.ask<topic_deleted>(broker, delete_topic{{"orders"}}));
  CHECK_FALSE(is_routed("ns1:9876", "orders"));
}

TEST_CASE_FIXTURE(registered, "M2 broker: dead or stopped, it is gone from all routes at once") {
  for (auto how : {caf::exit_reason::kill, caf::exit_reason::user_shutdown}) {
    system.kill(broker, how);
    CHECK_FALSE(is_routed("ns1:9876", "TBW102"));
    CHECK_FALSE(is_routed("ns2:9876", "TBW102"));
    restart_broker();
    CHECK(is_routed("ns1:9876", "TBW102"));
  }
}

TEST_CASE_FIXTURE(registered, "M2 broker: it stays in the routes for hours") {
  for (int minute = 0; minute < 180; ++minute) {
    system.advance(1min);
    REQUIRE(is_routed("ns1:9876", "TBW102"));
  }
}

TEST_CASE_FIXTURE(registered, "M3 broker: without any name server it goes on") {
  join();
  system.kill(name_servers.at("ns1:9876"));
  system.kill(name_servers.at("ns2:9876"));
  name_servers.clear();
  system.advance(10min);
  CHECK(send(batch("orders")));
  CHECK(last_told() == queues{"broker-a0", "broker-a1", "broker-a2", "broker-a3"});
}

TEST_CASE_FIXTURE(registered, "M4 broker: an empty restarted name server is complete within 30 s") {
  REQUIRE(send(batch("orders")));
  system.kill(name_servers.at("ns1:9876"));
  name_servers.erase("ns1:9876");
  system.advance(10min); // the broker's attempts are 30 s apart by now
  start_name_server("ns1:9876");
  CHECK_FALSE(is_routed("ns1:9876", "orders"));
  system.advance(30s);
  CHECK(is_routed("ns1:9876", "orders"));
}

TEST_CASE_FIXTURE(registered, "M4 broker: a name server that restarts at once is complete in 1 s") {
  REQUIRE(send(batch("orders")));
  system.kill(name_servers.at("ns1:9876"));
  start_name_server("ns1:9876");
  system.advance(1s);
  CHECK(is_routed("ns1:9876", "orders"));
}

TEST_CASE_FIXTURE(registered, "broker: a group hears of the queues of the whole cluster") {
  join();
  CHECK(last_told().empty()); // the topic is nowhere yet
  REQUIRE(create(topic("orders", 1, 1)));
  CHECK(last_told() == queues{"broker-a0"});
  auto other = system.spawn_probe();
  register_other(other, 1, 2);
  CHECK(last_told() == queues{"broker-a0", "broker-b0", "broker-b1"});
  register_other(other, 2, 1);
  CHECK(last_told() == queues{"broker-a0", "broker-b0"});
  system.kill(other);
  CHECK(last_told() == queues{"broker-a0"});
  REQUIRE(system.ask<topic_deleted>(broker, delete_topic{{"orders"}}));
  CHECK(last_told().empty());
}

TEST_CASE_FIXTURE(registered, "M3 broker: when its source of routes dies, another one takes over") {
  auto other = system.spawn_probe();
  REQUIRE(create(topic("orders", 1, 1)));
  register_other(other, 1, 1);
  join();
  CHECK(last_told() == queues{"broker-a0", "broker-b0"});
  system.kill(name_servers.at("ns1:9876"));
  name_servers.erase("ns1:9876");
  CHECK(last_told() == queues{"broker-a0", "broker-b0"});
  register_other(other, 2, 2);
  CHECK(last_told() == queues{"broker-a0", "broker-b0", "broker-b1"});
}

TEST_CASE_FIXTURE(registered, "broker: a remade group hears of its queues again") {
  REQUIRE(create(topic("orders", 1, 1)));
  join();
  seen->told.clear();
  system.kill(seen->groups.front());
  join();
  CHECK(last_told() == queues{"broker-a0"});
}

TEST_CASE_FIXTURE(registered, "broker: only its own groups may watch topics") {
  auto stranger = system.spawn_probe();
  system.send_from(stranger, broker, watch_topics{{{"TBW102"}}});
  CHECK(stranger.received<topic_queues_changed>().empty());
}

TEST_CASE("M2 broker: any order of events leads to the same routes") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    CAPTURE(seed);
    broker_config config;
    test::broker_stage stage{config, seed};
    stage.start_name_server("ns1:9876");
    stage.start_broker();
    for (int i = 0; i < 5; ++i)
      caf::anon_send(stage.broker, send_oneway{stage.batch("topic" + std::to_string(i))});
    stage.system.settle();
    for (int i = 0; i < 5; ++i)
      CHECK(stage.route("ns1:9876", "topic" + std::to_string(i)));
  }
}

} // namespace
} // namespace cafmq
