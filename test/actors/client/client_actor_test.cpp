#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <doctest/doctest.h>
#include <map>
#include <memory>

#include "actors/client/client_actor.hpp"
#include "support/deterministic_system.hpp"

using namespace cafmq;
using namespace std::chrono_literals;
using cafmq::test::deterministic_system;

namespace {

/// A network of probes and scripted name servers by address.
struct network {
  std::map<std::string, name_server_handle> name_servers;
  std::map<std::string, broker_handle> brokers;
  std::map<std::string, topic_route> routes; // what every name server answers
  int route_requests = 0;
};
using network_ptr = std::shared_ptr<network>;

connector_handle::behavior_type fake_connector(connector_handle::pointer, network_ptr net) {
  return {
    [=](const connect_name_server& to) -> caf::result<name_server_link> {
      auto found = net->name_servers.find(to.address);
      if (found == net->name_servers.end()) return make_error(errc::broker_not_exist);
      return name_server_link{found->second};
    },
    [=](const connect_broker& to) -> caf::result<broker_link> {
      auto found = net->brokers.find(to.address);
      if (found == net->brokers.end()) return make_error(errc::broker_not_exist);
      return broker_link{found->second};
    },
  };
}

name_server_handle::behavior_type fake_name_server(name_server_handle::pointer, network_ptr net) {
  return {
    [](const register_broker&) { return broker_registered{}; },
    [](const unregister_broker&) {},
    [=](const get_topic_route& query) -> caf::result<topic_route> {
      ++net->route_requests;
      auto found = net->routes.find(query.topic.value);
      if (found == net->routes.end()) return make_error(errc::topic_not_exist);
      return found->second;
    },
    [](const subscribe_routes&) {},
    [](const list_topics&) { return topic_list{{{"orders"}}}; },
    [](const get_cluster_info&) { return cluster_info{}; },
  };
}

struct fixture {
  deterministic_system system;
  network_ptr net = std::make_shared<network>();
  test::probe broker = system.spawn_probe();
  test::probe watcher = system.spawn_probe();
  client_handle client;

  explicit fixture(std::vector<std::string> reachable = {"n1:1", "n2:1"}) {
    for (const auto& address : reachable)
      net->name_servers[address] = system.spawn(fake_name_server, net);
    net->brokers["b:1"] = broker.as<broker_handle>();
    net->routes["orders"] = {{"orders"},
                             {{{"broker-a"}, 2, 2, permission::read_write}},
                             {{{"c"}, {"broker-a"}, {{0, "b:1"}}}}};
    client_config config;
    config.namesrv_addr = {"n1:1", "n2:1"};
    client = spawn_client(system.system(), config, system.spawn(fake_connector, net),
                          [] { return std::uint64_t{0}; });
    system.settle();
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "client: a watcher is shown the route with its links") {
  system.send_from(watcher, client, watch_topic{{"orders"}, false});
  auto view = watcher.last<topic_view>();
  REQUIRE(view);
  CHECK(view->write_queues.size() == 2);
  CHECK(view->brokers.count({"broker-a"}) == 1);
}

TEST_CASE_FIXTURE(
  fixture, "client: a broker's death takes its link out of the view, a reconnect puts it back") {
  system.send_from(watcher, client, watch_topic{{"orders"}, false});
  net->brokers.clear();
  system.kill(broker);
  CHECK(watcher.last<topic_view>()->brokers.empty());
  CHECK(watcher.last<topic_view>()->write_queues.size() == 2);
  auto restarted = system.spawn_probe();
  net->brokers["b:1"] = restarted.as<broker_handle>();
  system.advance(1s);
  CHECK(watcher.last<topic_view>()->brokers.count({"broker-a"}) == 1);
}

TEST_CASE_FIXTURE(fixture,
                  "client: a name server's death moves it to the next, and known routes stay") {
  system.send_from(watcher, client, watch_topic{{"orders"}, false});
  system.kill(net->name_servers["n1:1"]);
  net->name_servers.erase("n1:1");
  auto before = net->route_requests;
  net->routes["orders"].queues[0].write_queues = 5;
  system.advance(31s);
  CHECK(net->route_requests > before);
  CHECK(watcher.last<topic_view>()->write_queues.size() == 5);
}

TEST_CASE_FIXTURE(fixture, "M3: with all name servers gone the known routes stay") {
  system.send_from(watcher, client, watch_topic{{"orders"}, false});
  for (auto& [address, handle] : std::exchange(net->name_servers, {}))
    system.kill(handle);
  system.advance(10min);
  CHECK(watcher.last<topic_view>()->write_queues.size() == 2);
  CHECK(watcher.last<topic_view>()->brokers.size() == 1);
  auto answer = system.request<topic_list>(client, list_topics{});
  system.advance(4s);
  CHECK(code_of(answer.get().error()) == errc::no_name_server);
}

TEST_CASE("client: without any name server the watcher learns why") {
  fixture f{{}};
  f.system.send_from(f.watcher, f.client, watch_topic{{"orders"}, false});
  f.system.advance(3s);
  auto view = f.watcher.last<topic_view>();
  REQUIRE(view);
  CHECK(view->problem == static_cast<std::uint8_t>(errc::no_name_server));
  CHECK(view->problem_sentence.find("n1:1;n2:1") != std::string::npos);
}

TEST_CASE("client: who watches a topic when no name server answers learns it at once") {
  fixture f{{}};
  f.system.send_from(f.watcher, f.client, watch_topic{{"orders"}, false});
  auto view = f.watcher.last<topic_view>();
  REQUIRE(view);
  CHECK(view->problem == static_cast<std::uint8_t>(errc::no_name_server));
  f.net->name_servers["n1:1"] = f.system.spawn(fake_name_server, f.net);
  f.system.advance(2s);
  CHECK(f.watcher.last<topic_view>()->problem == 0);
  CHECK(f.watcher.last<topic_view>()->write_queues.size() == 2);
}

TEST_CASE_FIXTURE(fixture, "client: a pushed route change reaches the watchers at once") {
  system.send_from(watcher, client, watch_topic{{"orders"}, false});
  auto changed = net->routes["orders"];
  changed.queues[0].read_queues = 9;
  system.send(caf::actor_cast<route_listener_handle>(client), topic_route_changed{changed});
  CHECK(watcher.last<topic_view>()->read_queues.size() == 9);
}

TEST_CASE_FIXTURE(fixture, "M4: a name server that forgot everything takes no route away") {
  system.send_from(watcher, client, watch_topic{{"orders"}, true});
  net->routes.clear();
  system.advance(31s);
  CHECK(watcher.last<topic_view>()->write_queues.size() == 2);
  CHECK(watcher.last<topic_view>()->problem == 0);
}

TEST_CASE_FIXTURE(fixture,
                  "client: a broker that leaves the route stays linked as long as it lives") {
  auto other = system.spawn_probe();
  net->brokers["b:2"] = other.as<broker_handle>();
  auto alone = net->routes["orders"];
  auto both = alone;
  both.queues.push_back({{"broker-b"}, 2, 2, permission::read_write});
  both.brokers.push_back({{"c"}, {"broker-b"}, {{0, "b:2"}}});
  net->routes["orders"] = both;
  system.send_from(watcher, client, watch_topic{{"orders"}, false});
  CHECK(watcher.last<topic_view>()->brokers.size() == 2);
  net->routes["orders"] = alone;
  system.send(caf::actor_cast<route_listener_handle>(client), topic_route_changed{alone});
  CHECK(watcher.last<topic_view>()->write_queues.size() == 2);
  CHECK(watcher.last<topic_view>()->brokers.count({"broker-b"}) == 1);
  system.kill(other);
  CHECK(watcher.last<topic_view>()->brokers.count({"broker-b"}) == 0);
  CHECK(watcher.last<topic_view>()->addresses.count({"broker-b"}) == 0);
}

TEST_CASE_FIXTURE(fixture, "client: a view holds the brokers of its own topic only") {
  auto other = system.spawn_probe();
  net->brokers["b:2"] = other.as<broker_handle>();
  net->routes["bills"] = {{"bills"},
                          {{{"broker-b"}, 1, 1, permission::read_write}},
                          {{{"c"}, {"broker-b"}, {{0, "b:2"}}}}};
  system.send_from(watcher, client, watch_topic{{"orders"}, false});
  system.send_from(watcher, client, watch_topic{{"bills"}, false});
  auto view = watcher.last<topic_view>();
  REQUIRE(view->topic.value == "bills");
  CHECK(view->brokers.size() == 1);
  CHECK(view->brokers.count({"broker-b"}) == 1);
}

TEST_CASE_FIXTURE(fixture,
                  "client: a topic that a consumer waits for can still be created by sending") {
  net->routes[auto_create_topic_key] = {{auto_create_topic_key},
                                        {{{"broker-a"}, 8, 8, permission::read_write}},
                                        {{{"c"}, {"broker-a"}, {{0, "b:1"}}}}};
  system.send_from(watcher, client, watch_topic{{"new"}, false});
  CHECK(watcher.last<topic_view>()->problem == static_cast<std::uint8_t>(errc::topic_not_exist));
  auto sender = system.spawn_probe();
  system.send_from(sender, client, watch_topic{{"new"}, true});
  for (const auto& view : sender.received<topic_view>())
    CHECK(view.problem == 0);
  REQUIRE(sender.last<topic_view>());
  CHECK(sender.last<topic_view>()->write_queues.size() == 4);
  CHECK(sender.last<topic_view>()->read_queues.empty());
  // The same when another topic was created before, so that nothing has to be asked.
  system.send_from(watcher, client, watch_topic{{"newer"}, false});
  system.send_from(sender, client, watch_topic{{"newer"}, true});
  CHECK(sender.last<topic_view>()->topic.value == "newer");
  CHECK(sender.last<topic_view>()->write_queues.size() == 4);
}
