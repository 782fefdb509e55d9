#include <doctest/doctest.h>
#include <string>

#include "actors/consumer_group/group_membership.hpp"
#include "messages/errors.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

using time_point = group_membership::time_point;
using clients = std::vector<client_id>;

constexpr time_point start{};

subscription to(const std::string& topic, std::int64_t version = 0,
                const std::string& expression = "*") {
  return {{topic}, expression, version};
}

join_consumer_group make_join(const std::string& client,
                              std::vector<subscription> subscriptions = {to("orders")}) {
  join_consumer_group request;
  request.group = {"g"};
  request.client = {client};
  request.subscriptions = std::move(subscriptions);
  return request;
}

clients names(const std::vector<sharing_member>& sharers) {
  clients result;
  for (const auto& one : sharers)
    result.push_back(one.client);
  return result;
}

TEST_CASE("group_membership: joining again is a heartbeat and changes nothing") {
  group_membership group;
  auto first = group.join(make_join("a"), 1, start);
  REQUIRE(first);
  CHECK(first->is_new);
  CHECK(first->changed_shares);
  CHECK(first->changed_topics);
  auto again = group.join(make_join("a"), 1, start + 30s);
  REQUIRE(again);
  CHECK_FALSE(again->is_new);
  CHECK_FALSE(again->changed_shares);
  CHECK_FALSE(again->changed_topics);
}

TEST_CASE("C15 group_membership: a member silent for longer than 120 s is out") {
  group_membership group;
  group.join(make_join("a"), 1, start);
  group.join(make_join("b"), 2, start + 1s);
  CHECK(group.expire(start + 120s).empty());
  CHECK(group.expire(start + 121s) == clients{{"a"}});
  CHECK(group.expire(start + 121s).empty());
  group.join(make_join("b"), 2, start + 121s);
  CHECK(group.expire(start + 240s).empty());
}

TEST_CASE("group_membership: a client id that lives elsewhere is refused until it is gone") {
  group_membership group;
  group.join(make_join("a"), 1, start);
  auto second = group.join(make_join("a"), 2, start);
  REQUIRE_FALSE(second);
  CHECK(code_of(second.error()) == errc::already_member);
  CHECK(group.clients_of(2).empty());
  CHECK(group.leave({"a"}));
  CHECK(group.join(make_join("a"), 2, start));
  CHECK(group.clients_of(2) == clients{{"a"}});
}

TEST_CASE("group_membership: a process may be several clients") {
  group_membership group;
  for (const auto* client : {"c", "a", "b"})
    group.join(make_join(client), client[0] == 'b' ? 2 : 1, start);
  CHECK(group.clients_of(1) == clients{{"a"}, {"c"}});
  CHECK(names(group.sharers()) == clients{{"a"}, {"b"}, {"c"}}); // as RocketMQ sorts
}

TEST_CASE("group_membership: broadcasting members and those that assign themselves share nothing") {
  group_membership group;
  auto broadcasting = make_join("b");
  broadcasting.model = message_model::broadcasting;
  auto assigned = make_join("n", {to("payments")});
  assigned.sharing.strategy = "NONE";
  group.join(make_join("a"), 1, start);
  auto outcome = group.join(broadcasting, 2, start);
  CHECK(outcome->is_new);
  CHECK_FALSE(outcome->changed_shares);
  outcome = group.join(assigned, 3, start);
  CHECK_FALSE(outcome->changed_shares);
  CHECK_FALSE(outcome->changed_topics);
  CHECK(names(group.sharers()) == clients{{"a"}});
  CHECK(group.subscriptions().size() == 1);
  CHECK(group.subscriptions().contains({"orders"}));
  // From one kind to the other is news.
  CHECK(group.join(make_join("b"), 2, start)->changed_shares);
}

TEST_CASE("group_membership: another strategy is news, and an unknown one is refused") {
  group_membership group;
  auto request = make_join("a");
  group.join(request, 1, start);
  request.sharing.strategy = "AVG_BY_CIRCLE";
  CHECK(group.join(request, 1, start)->changed_shares);
  request.sharing.strategy = "MINE";
  auto refused = group.join(request, 1, start);
  REQUIRE_FALSE(refused);
  CHECK(code_of(refused.error()) == errc::invalid_parameter);
  CHECK(group.sharers().front().sharing.strategy == "AVG_BY_CIRCLE");
}

TEST_CASE("C16 group_membership: the latest heartbeat's topics are everybody's") {
  group_membership group;
  group.join(make_join("a", {to("orders"), to("payments")}), 1, start);
  auto outcome = group.join(make_join("b", {to("payments"), to("refunds")}), 2, start);
  CHECK(outcome->changed_topics);
  CHECK(group.subscriptions().size() == 2);
  CHECK(group.subscriptions().contains({"payments"}));
  CHECK(group.subscriptions().contains({"refunds"}));
  group.join(make_join("a", {to("orders"), to("payments")}), 1, start);
  CHECK(group.subscriptions().contains({"orders"}));
}

TEST_CASE("C16 group_membership: of two expressions the one with the newer version counts") {
  group_membership group;
  group.join(make_join("a", {to("orders", 5, "new")}), 1, start);
  CHECK_FALSE(group.join(make_join("b", {to("orders", 4, "old")}), 2, start)->changed_topics);
  CHECK(group.subscriptions().at({"orders"}).expression == "new");
  group.join(make_join("b", {to("orders", 6, "newest")}), 2, start);
  CHECK(group.subscriptions().at({"orders"}).expression == "newest");
}

TEST_CASE("group_membership: with its last subscriber a group's subscriptions go") {
  group_membership group;
  group.join(make_join("a"), 1, start);
  group.join(make_join("b"), 2, start);
  group.leave({"a"});
  CHECK(group.subscriptions().size() == 1);
  group.leave({"b"});
  CHECK(group.subscriptions().empty());
  CHECK_FALSE(group.leave({"b"}));
}

TEST_CASE("group_membership: members and subscriptions have limits") {
  broker_config config;
  config.group_members_max = 2;
  group_membership group{config};
  group.join(make_join("a"), 1, start);
  group.join(make_join("b"), 2, start);
  auto third = group.join(make_join("c"), 3, start);
  REQUIRE_FALSE(third);
  CHECK(code_of(third.error()) == errc::system_busy);
  CHECK(group.join(make_join("b"), 2, start));

  std::vector<subscription> many;
  for (int i = 0; i <= 10'000; ++i)
    many.push_back(to("t" + std::to_string(i)));
  auto greedy = group.join(make_join("b", many), 2, start);
  REQUIRE_FALSE(greedy);
  CHECK(code_of(greedy.error()) == errc::system_busy);
}

} // namespace
} // namespace cafmq
