#include <doctest/doctest.h>

#include "actors/name_server/route_subscriptions.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

const route_subscriptions::time_point start{};
using subscribers = std::vector<route_subscriptions::subscriber>;

TEST_CASE("route_subscriptions: a new list replaces the old one, an empty one ends it") {
  route_subscriptions table;
  CHECK(table.subscribe(1, {{"a"}, {"b"}}, start));
  CHECK(table.subscribe(2, {{"b"}}, start));
  CHECK(table.interested({"b"}) == subscribers{1, 2});
  CHECK(table.subscribe(1, {{"a"}}, start));
  CHECK(table.interested({"b"}) == subscribers{2});
  CHECK(table.subscribe(1, {}, start));
  CHECK(table.interested({"a"}).empty());
  CHECK(table.size() == 1);
}

TEST_CASE("route_subscriptions: one not repeated within the timeout is forgotten") {
  route_subscriptions table;
  table.subscribe(1, {{"a"}}, start);
  table.subscribe(2, {{"a"}}, start);
  table.subscribe(2, {{"a"}}, start + 60s);
  CHECK(table.expire(start + 120s).empty());
  CHECK(table.expire(start + 121s) == subscribers{1});
  CHECK(table.interested({"a"}) == subscribers{2});
}

TEST_CASE("route_subscriptions: limits hold for topics and for subscribers") {
  name_server_config config;
  config.route_subscription_topics_max = 2;
  config.route_subscribers_max = 1;
  route_subscriptions table{config};
  CHECK(table.subscribe(1, {{"a"}, {"b"}}, start));
  CHECK_FALSE(table.subscribe(1, {{"a"}, {"b"}, {"c"}}, start));
  CHECK_FALSE(table.subscribe(2, {{"a"}}, start));
  CHECK(table.interested({"a"}) == subscribers{1});
  table.remove(1);
  CHECK(table.subscribe(2, {{"a"}}, start));
}

} // namespace
} // namespace cafmq
