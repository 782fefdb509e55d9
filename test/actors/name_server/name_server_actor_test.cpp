#include <doctest/doctest.h>

#include "actors/name_server/name_server_actor.hpp"
#include "support/deterministic_system.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

register_broker broker_a(std::int64_t version = 1) {
  topic_config orders;
  orders.topic = {"orders"};
  return {{"c"}, {"a"}, 0, "127.0.0.1:10911", {version, 0}, {orders}};
}

struct fixture {
  test::deterministic_system system;
  name_server_handle name_server = spawn_name_server(system.system(), {});
  test::probe broker = system.spawn_probe();
  test::probe client = system.spawn_probe();

  caf::expected<broker_registered> register_a(std::int64_t version = 1) {
    return system.ask_from<broker_registered>(broker, name_server, broker_a(version));
  }
  caf::expected<topic_route> route() {
    return system.ask<topic_route>(name_server, get_topic_route{{"orders"}});
  }
};

TEST_CASE_FIXTURE(fixture, "M2 name_server: a route query right after a registration shows it") {
  CHECK(code_of(route().error()) == errc::topic_not_exist);
  REQUIRE(register_a());
  REQUIRE(route());
  CHECK(route()->brokers.front().addresses.at(0) == "127.0.0.1:10911");
  CHECK(system.ask<topic_list>(name_server, list_topics{})->topics.size() == 1);
  CHECK(system.ask<cluster_info>(name_server, get_cluster_info{})->brokers.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "M2 name_server: a broker that dies is gone at once") {
  register_a();
  system.kill(broker);
  CHECK(code_of(route().error()) == errc::topic_not_exist);
}

TEST_CASE_FIXTURE(fixture, "M2 name_server: a silent broker is gone after 120 s and a scan") {
  register_a();
  system.advance(60s);
  register_a();
  system.advance(119s);
  CHECK(route());
  system.advance(12s);
  CHECK(code_of(route().error()) == errc::topic_not_exist);
}

TEST_CASE_FIXTURE(fixture, "M2 name_server: a broker that stops cleanly is gone at once") {
  register_a();
  system.send_from(broker, name_server, unregister_broker{{"c"}, {"a"}, 0, "127.0.0.1:10911"});
  CHECK_FALSE(route());
}

TEST_CASE_FIXTURE(fixture, "name_server: the old process's death does not remove its successor") {
  register_a();
  auto successor = system.spawn_probe();
  system.ask_from<broker_registered>(successor, name_server, broker_a());
  system.kill(broker);
  CHECK(route());
  system.kill(successor);
  CHECK_FALSE(route());
}

TEST_CASE_FIXTURE(fixture, "name_server: subscribers hear of each change of a route, once") {
  system.send_from(client, name_server, subscribe_routes{{{"orders"}}});
  register_a();
  register_a();
  REQUIRE(client.received<topic_route_changed>().size() == 1);
  CHECK(client.last<topic_route_changed>()->route.queues.size() == 1);
  system.kill(broker);
  REQUIRE(client.received<topic_route_changed>().size() == 2);
  CHECK(client.last<topic_route_changed>()->route.queues.empty());
}

TEST_CASE_FIXTURE(fixture, "name_server: a subscription that is not repeated ends") {
  system.send_from(client, name_server, subscribe_routes{{{"orders"}}});
  system.advance(131s);
  register_a();
  CHECK(client.received<topic_route_changed>().empty());
}

TEST_CASE_FIXTURE(fixture, "name_server: a dead subscriber does no harm, nor does its death") {
  system.send_from(client, name_server, subscribe_routes{{{"orders"}}});
  system.kill(client);
  CHECK(register_a());
  CHECK(route());
}

TEST_CASE_FIXTURE(fixture, "name_server: a registration without an address is refused") {
  auto broken = broker_a();
  broken.address.clear();
  auto answer = system.ask_from<broker_registered>(broker, name_server, broken);
  CHECK(code_of(answer.error()) == errc::invalid_parameter);
  CHECK_FALSE(route());
}

} // namespace
} // namespace cafmq
