#include <doctest/doctest.h>

#include "actors/name_server/route_table.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

using names = std::vector<topic_name>;
const route_table::time_point start{};

topic_config topic(std::string name, std::int32_t queues = 4) {
  topic_config result;
  result.topic = {std::move(name)};
  result.read_queues = result.write_queues = queues;
  return result;
}

register_broker master(std::string name, std::int64_t version, std::vector<topic_config> topics) {
  return {{"c"}, {name}, 0, name + ":10911", {version, 0}, std::move(topics)};
}

register_broker slave(std::string name, std::int64_t id, std::vector<topic_config> topics = {}) {
  return {{"c"}, {name}, id, name + "-" + std::to_string(id) + ":10911", {1, 0}, std::move(topics)};
}

TEST_CASE("M2 route_table: a route is there right after the registration") {
  route_table routes;
  CHECK_FALSE(routes.find({"orders"}));
  auto added = routes.add(master("a", 1, {topic("orders", 8)}), start);
  CHECK(added.master_address == "a:10911");
  CHECK(added.changed == names{{"orders"}});
  auto route = routes.find({"orders"});
  REQUIRE(route);
  CHECK(route->queues == std::vector<queue_route>{{{"a"}, 8, 8, 6}});
  CHECK(route->brokers == std::vector<broker_route>{{{"c"}, {"a"}, {{0, "a:10911"}}}});
}

TEST_CASE("route_table: a repeated registration changes nothing") {
  route_table routes;
  routes.add(master("a", 1, {topic("orders")}), start);
  CHECK(routes.add(master("a", 1, {topic("orders")}), start + 30s).changed.empty());
}

TEST_CASE("route_table: topics are replaced when the data version changed, and only then") {
  route_table routes;
  routes.add(master("a", 1, {topic("orders"), topic("bills")}), start);
  CHECK(routes.add(master("a", 1, {topic("news")}), start).changed.empty());
  CHECK_FALSE(routes.find({"news"}));
  auto added = routes.add(master("a", 2, {topic("orders", 8), topic("news")}), start);
  CHECK(added.changed == names{{"bills"}, {"news"}, {"orders"}});
  CHECK_FALSE(routes.find({"bills"}));
  CHECK(routes.find({"orders"})->queues.front().write_queues == 8);
}

TEST_CASE("route_table: routes name every broker of a topic, sorted by name") {
  route_table routes;
  routes.add(master("b", 1, {topic("orders")}), start);
  CHECK(routes.add(master("a", 1, {topic("orders")}), start).changed == names{{"orders"}});
  auto route = routes.find({"orders"});
  REQUIRE(route->queues.size() == 2);
  CHECK(route->queues[0].broker.value == "a");
  CHECK(route->brokers[1].broker.value == "b");
}

TEST_CASE("route_table: a slave adds its address but no topics, and learns its master") {
  route_table routes;
  CHECK(routes.add(slave("a", 1, {topic("ghost")}), start).master_address.empty());
  CHECK_FALSE(routes.find({"ghost"}));
  routes.add(master("a", 1, {topic("orders")}), start);
  auto added = routes.add(slave("a", 2), start);
  CHECK(added.master_address == "a:10911");
  CHECK(added.changed == names{{"orders"}});
  CHECK(routes.find({"orders"})->brokers.front().addresses.size() == 3);
}

TEST_CASE("route_table: without its master a broker name keeps its topics while a slave lives") {
  route_table routes;
  routes.add(master("a", 1, {topic("orders")}), start);
  routes.add(slave("a", 1), start);
  CHECK(routes.remove({{"c"}, {"a"}, 0, "a:10911"}) == names{{"orders"}});
  CHECK(routes.find({"orders"})->brokers.front().addresses.count(0) == 0);
  CHECK(routes.remove({{"c"}, {"a"}, 1, "a-1:10911"}) == names{{"orders"}});
  CHECK_FALSE(routes.find({"orders"}));
  CHECK(routes.brokers().empty());
}

TEST_CASE("route_table: an address that registers under another id leaves the first") {
  route_table routes;
  auto broker = slave("a", 1);
  routes.add(broker, start);
  broker.broker_id = 0;
  broker.topics = {topic("orders")};
  CHECK(routes.add(broker, start).master_address == "a-1:10911");
  CHECK(routes.brokers().front().addresses
        == std::map<std::int64_t, std::string>{{0, "a-1:10911"}});
}

TEST_CASE("route_table: what another address has taken over is not removed with the old one") {
  route_table routes;
  routes.add(master("a", 1, {topic("orders")}), start);
  auto moved = master("a", 1, {topic("orders")});
  moved.address = "elsewhere:1";
  CHECK(routes.add(moved, start + 60s).changed == names{{"orders"}});
  CHECK(routes.remove({{"c"}, {"a"}, 0, "a:10911"}).empty());
  CHECK(routes.find({"orders"})->brokers.front().addresses.at(0) == "elsewhere:1");
}

TEST_CASE("M2 route_table: a broker stays while it is heard within the timeout, and no longer") {
  route_table routes;
  routes.add(master("a", 1, {topic("orders")}), start);
  CHECK(routes.expire(start + 120s).members.empty());
  routes.add(master("a", 1, {topic("orders")}), start + 100s);
  CHECK(routes.expire(start + 220s).members.empty());
  auto expired = routes.expire(start + 220s + 1ms);
  REQUIRE(expired.members.size() == 1);
  CHECK(expired.members.front().address == "a:10911");
  CHECK(expired.changed == names{{"orders"}});
  CHECK_FALSE(routes.find({"orders"}));
}

TEST_CASE("route_table: topics and brokers are listed sorted") {
  route_table routes;
  auto other = master("a", 1, {topic("z"), topic("b")});
  other.cluster = {"d"};
  routes.add(other, start);
  routes.add(master("x", 1, {topic("a")}), start);
  CHECK(routes.topics() == names{{"a"}, {"b"}, {"z"}});
  auto brokers = routes.brokers();
  REQUIRE(brokers.size() == 2);
  CHECK(brokers[0].broker.value == "x");
  CHECK(brokers[1].broker.value == "a");
}

} // namespace
} // namespace cafmq
