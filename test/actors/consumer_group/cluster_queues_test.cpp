#include <doctest/doctest.h>

#include "actors/consumer_group/cluster_queues.hpp"

namespace cafmq {
namespace {

using owners = std::map<local_queue, client_id>;

const topic_name orders{"orders"};

std::vector<message_queue> on_two_brokers() {
  return {{orders, {"b"}, {1}}, {orders, {"a"}, {0}}, {orders, {"a"}, {1}}, {orders, {"b"}, {0}}};
}

TEST_CASE("cluster_queues: this broker hands out its part of the cluster-wide shares") {
  const std::vector<sharing_member> members{{{"x"}, {}}, {{"y"}, {}}};
  cluster_queues a{{"a"}};
  cluster_queues b{{"b"}};
  a.set(orders, on_two_brokers()); // sorted by broker name: a/0 a/1 | b/0 b/1
  b.set(orders, on_two_brokers());
  CHECK(a.wanted_owners(members) == owners{{{orders, {0}}, {"x"}}, {{orders, {1}}, {"x"}}});
  CHECK(b.wanted_owners(members) == owners{{{orders, {0}}, {"y"}}, {{orders, {1}}, {"y"}}});
  CHECK(a.wanted_owners({}).empty());
}

TEST_CASE("cluster_queues: topics are shared out one by one") {
  cluster_queues here{{"a"}};
  here.set(orders, {{orders, {"a"}, {0}}});
  here.set({"payments"}, {{{"payments"}, {"a"}, {0}}});
  // Each topic's only queue goes to the first member, as with RocketMQ's clients.
  CHECK(here.wanted_owners({{{"x"}, {}}, {{"y"}, {}}})
        == owners{{{orders, {0}}, {"x"}}, {{{"payments"}, {0}}, {"x"}}});
}

TEST_CASE("cluster_queues: repeated and foreign queues are dropped, forgotten topics unknown") {
  cluster_queues here{{"a"}};
  CHECK_FALSE(here.knows(orders));
  here.set(orders, {{orders, {"a"}, {0}}, {orders, {"a"}, {0}}, {{"payments"}, {"a"}, {0}}});
  here.set({"empty"}, {});
  CHECK(here.knows({"empty"}));
  CHECK(here.local() == std::vector<local_queue>{{orders, {0}}});
  here.keep({{"empty"}});
  CHECK_FALSE(here.knows(orders));
  CHECK(here.local().empty());
}

} // namespace
} // namespace cafmq
