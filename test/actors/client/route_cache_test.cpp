#include <doctest/doctest.h>

#include "actors/client/route_cache.hpp"

using namespace cafmq;

namespace {

topic_route route_of(std::string topic, std::int32_t queues,
                     std::int32_t perm = permission::read_write) {
  return {
    {topic},
    {{{"broker-a"}, queues, queues, perm}, {{"broker-b"}, queues, queues, perm}},
    {{{"c"}, {"broker-a"}, {{0, "127.0.0.1:1"}}}, {{"c"}, {"broker-b"}, {{1, "127.0.0.1:3"}}}}};
}

} // namespace

TEST_CASE("route_cache: only masters take sends, every readable queue can be pulled") {
  route_cache routes;
  routes.watch({"orders"}, false);
  CHECK(routes.update(route_of("orders", 2)));
  CHECK_FALSE(routes.update(route_of("orders", 2)));
  auto view = routes.view({"orders"});
  CHECK(view.write_queues
        == std::vector<message_queue>{{{"orders"}, {"broker-a"}, {0}},
                                      {{"orders"}, {"broker-a"}, {1}}});
  CHECK(view.read_queues.size() == 4);
  CHECK(view.problem == 0);
  CHECK(routes.master_addresses({"orders"})
        == std::map<broker_name, std::string>{{{"broker-a"}, "127.0.0.1:1"}});
}

TEST_CASE("route_cache: permissions hide queues") {
  route_cache routes;
  routes.watch({"orders"}, false);
  routes.update(route_of("orders", 2, permission::read));
  CHECK(routes.view({"orders"}).write_queues.empty());
  routes.update(route_of("orders", 2, permission::write));
  CHECK(routes.view({"orders"}).read_queues.empty());
}

TEST_CASE("M12: a topic to be created by sending has 4 queues a broker") {
  route_cache routes;
  routes.watch({"orders"}, true);
  CHECK(routes.wanted() == std::vector<topic_name>{{"orders"}, {auto_create_topic_key}});
  routes.update(route_of(auto_create_topic_key, 8));
  CHECK(routes.view({"orders"}).write_queues.empty()); // it may exist already
  routes.update({{"orders"}, {}, {}});
  CHECK(routes.dependents({auto_create_topic_key}) == std::vector<topic_name>{{"orders"}});
  auto view = routes.view({"orders"});
  CHECK(view.write_queues.size() == 4);
  CHECK(view.write_queues.front().topic.value == "orders");
  CHECK(view.read_queues.empty());
  routes.update(route_of("orders", 6));
  CHECK(routes.view({"orders"}).write_queues.size() == 6);
}

TEST_CASE("route_cache: a topic is missing only when TBW102 is known to be missing, too") {
  route_cache routes;
  routes.watch({"orders"}, true);
  routes.update({{"orders"}, {}, {}});
  CHECK(routes.view({"orders"}).problem == 0);
  routes.update({{auto_create_topic_key}, {}, {}});
  CHECK(routes.view({"orders"}).problem == static_cast<std::uint8_t>(errc::topic_not_exist));
  CHECK(routes.update(
    route_of(auto_create_topic_key, 8, permission::read_write | permission::inherit)));
  CHECK(routes.view({"orders"}).write_queues.size() == 4);
}

TEST_CASE("M4: a known route outlives the news that nobody serves the topic") {
  route_cache routes;
  routes.watch({"orders"}, false);
  routes.update(route_of("orders", 2));
  CHECK_FALSE(routes.update({{"orders"}, {}, {}})); // a name server that has just started
  CHECK(routes.view({"orders"}).write_queues.size() == 2);
  CHECK(routes.update(route_of("orders", 3)));
  CHECK(routes.view({"orders"}).write_queues.size() == 3);
}

TEST_CASE("route_cache: a topic without an answer has neither queues nor a problem") {
  route_cache routes;
  routes.watch({"orders"}, false);
  CHECK(routes.view({"orders"}).problem == 0);
  CHECK(routes.master_addresses({"orders"}).empty());
  routes.update({{"orders"}, {}, {}});
  CHECK(routes.view({"orders"}).problem == static_cast<std::uint8_t>(errc::topic_not_exist));
}
