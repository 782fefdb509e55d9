#include <doctest/doctest.h>

#include "actors/broker/topic_watch_table.hpp"

namespace cafmq {
namespace {

const topic_name orders{"orders"};

queue_route at(std::string broker, std::int32_t queues, std::int32_t perm = 6) {
  return {{std::move(broker)}, queues, queues, perm};
}

auto own(std::int32_t queues) {
  return [queues](const topic_name&) { return queues; };
}

std::vector<std::string> text(const std::vector<message_queue>& queues) {
  std::vector<std::string> result;
  for (const auto& queue : queues)
    result.push_back(queue.broker.value + std::to_string(queue.id.value));
  return result;
}

using queues = std::vector<std::string>;

TEST_CASE("topic_watch_table: without a name server the broker's own queues are all there is") {
  topic_watch_table table{{"b"}};
  auto watched = table.watch(1, {orders}, own(2));
  CHECK(watched.first_wanted == std::vector{orders});
  REQUIRE(watched.now.size() == 1);
  CHECK(text(watched.now.front().what.queues) == queues{"b0", "b1"});
}

TEST_CASE("topic_watch_table: the queues of all brokers are told, sorted, when they change") {
  topic_watch_table table{{"b"}};
  table.watch(1, {orders}, own(1));
  table.watch(2, {orders}, own(1));
  auto news = table.route_learned({orders, {at("c", 1), at("a", 2), at("b", 1)}, {}});
  REQUIRE(news.size() == 2);
  CHECK(news[1].to == 2);
  CHECK(text(news[1].what.queues) == queues{"a0", "a1", "b0", "c0"});
  CHECK(table.route_learned({orders, {at("c", 1), at("a", 2), at("b", 1)}, {}}).empty());
  CHECK(text(table.own_changed(orders, 0).front().what.queues) == queues{"a0", "a1", "c0"});
  CHECK(table.own_changed(orders, 0).empty());
}

TEST_CASE("topic_watch_table: queues that cannot be read do not count") {
  topic_watch_table table{{"b"}};
  table.watch(1, {orders}, own(1));
  CHECK(table.route_learned({orders, {at("a", 2, 2), at("b", 1)}, {}}).empty());
}

TEST_CASE("M3 topic_watch_table: a name server that knows nothing yet takes nothing away") {
  topic_watch_table table{{"b"}};
  table.watch(1, {orders}, own(1));
  table.route_learned({orders, {at("a", 1), at("b", 1)}, {}});
  CHECK(table.route_learned({orders, {}, {}}).empty());
  CHECK(text(table.queues(orders)) == queues{"a0", "b0"});
  CHECK(table.route_learned({orders, {at("b", 1)}, {}}).size() == 1);
}

TEST_CASE("topic_watch_table: a new list replaces the old one, and the last watcher ends it") {
  topic_watch_table table{{"b"}};
  table.watch(1, {orders, {"bills"}}, own(1));
  auto watched = table.watch(1, {{"bills"}, {"news"}}, own(1));
  CHECK(watched.now.size() == 1);
  CHECK(watched.first_wanted == std::vector<topic_name>{{"news"}});
  CHECK(table.topics() == std::vector<topic_name>{{"bills"}, {"news"}});
  table.watch(2, {{"bills"}}, own(1));
  table.remove(1);
  CHECK(table.topics() == std::vector<topic_name>{{"bills"}});
  table.watch(2, {}, own(1));
  CHECK(table.topics().empty());
  CHECK(table.route_learned({orders, {at("a", 1)}, {}}).empty());
}

} // namespace
} // namespace cafmq
