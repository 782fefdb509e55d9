#include <doctest/doctest.h>

#include "support/broker_stage.hpp"

namespace cafmq {
namespace {

// Consumer and producer groups behind the front door.

struct running : test::broker_stage {
  explicit running(broker_config settings = {}) : broker_stage(std::move(settings)) {
    start_broker();
  }
  join_consumer_group joining(std::string client = "c") {
    join_consumer_group result;
    result.group = {"g"};
    result.client = {std::move(client)};
    return result;
  }
  caf::expected<group_joined> join(const std::string& client = "c") {
    return system.ask<group_joined>(broker, joining(client));
  }
  commit_offsets commit(std::int64_t offset) {
    return {{"g"}, {"c"}, {{{{"orders"}, {0}}, {offset}}}};
  }
  /// What the metadata store knows of the group.
  std::vector<queue_position> stored() {
    return system.ask<committed_offsets>(metadata, load_offsets{{"g"}})->positions;
  }
};

TEST_CASE_FIXTURE(running, "M1 broker: a group is on disk before its first member is answered") {
  disk->is_failing = true;
  CHECK(code_of(join().error()) == errc::io_error);
  CHECK(seen->joins.empty());
  disk->is_failing = false;
  REQUIRE(join());
  CHECK(on_disk().groups().count({"g"}) == 1);
  CHECK(seen->joins == std::vector<std::string>{"c"});
}

TEST_CASE_FIXTURE(running, "broker: members that join while a group is made all reach it") {
  std::vector<test::pending<group_joined>> answers;
  for (int i = 0; i < 3; ++i)
    answers.push_back(system.request<group_joined>(broker, joining(std::to_string(i))));
  for (const auto& answer : answers)
    CHECK(answer.succeeded());
  CHECK(seen->groups.size() == 1);
  CHECK(seen->joins.size() == 3);
}

TEST_CASE_FIXTURE(running, "broker: a group's actor that died is made anew with all its offsets") {
  REQUIRE(create(topic("orders")));
  REQUIRE(join());
  CHECK(seen->loaded.at({"g"}).empty());
  REQUIRE(system.ask<offsets_committed>(broker, commit(17)));
  system.kill(seen->groups.front());
  REQUIRE(join());
  CHECK(seen->groups.size() == 2);
  CHECK(seen->loaded.at({"g"}) == commit(17).positions);
}

TEST_CASE_FIXTURE(running, "broker: a group's offsets survive a clean stop of the broker") {
  REQUIRE(create(topic("orders")));
  REQUIRE(join());
  REQUIRE(system.ask<offsets_committed>(broker, commit(17)));
  restart_broker();
  fetch_offsets fetch{{"g"}, {{{"orders"}, {0}}}};
  auto offsets = system.ask<committed_offsets>(broker, fetch);
  REQUIRE(offsets);
  CHECK(offsets->positions == commit(17).positions);
}

TEST_CASE_FIXTURE(running, "broker: offsets in a topic that is not there are not kept") {
  const queue_position known{{{"orders"}, {0}}, {17}};
  const queue_position unknown{{{"bills"}, {0}}, {500}};
  REQUIRE(create(topic("orders")));
  REQUIRE(join());
  REQUIRE(system.ask<offsets_committed>(broker, commit_offsets{{"g"}, {"c"}, {unknown, known}}));
  CHECK(stored() == std::vector{known});
  auto refused = system.ask<offsets_committed>(broker, commit_offsets{{"g"}, {"c"}, {unknown}});
  CHECK(code_of(refused.error()) == errc::topic_not_exist);
  CHECK(stored() == std::vector{known});
  system.send(broker, release_queues{{"g"}, {"c"}, {unknown, known}});
  REQUIRE(seen->releases.size() == 1);
  CHECK(seen->releases.front().queues
        == std::vector<queue_position>{{unknown.queue, no_offset}, known});
}

TEST_CASE_FIXTURE(running, "broker: all groups forget their offsets in a topic that is deleted") {
  REQUIRE(create(topic("orders")));
  REQUIRE(join());
  system.send(metadata, save_offsets{{"without an actor"}, commit(5).positions});
  REQUIRE(system.ask<offsets_committed>(broker, commit(17)));
  REQUIRE(system.ask<topic_deleted>(broker, delete_topic{{"orders"}}));
  CHECK(seen->forgotten == std::vector<topic_name>{{"orders"}});
  CHECK(stored().empty());
  CHECK(
    system.ask<committed_offsets>(metadata, load_offsets{{"without an actor"}})->positions.empty());
}

TEST_CASE_FIXTURE(running, "broker: a commit that waits for its group is lost with its topic") {
  REQUIRE(create(topic("orders")));
  REQUIRE(join());
  restart_broker(); // the group is known, and has no actor
  auto member = system.spawn_probe();
  auto letters = [front_door = caf::actor_cast<caf::actor>(broker),
                  late = commit(17)](caf::event_based_actor* self) {
    self->send(front_door, late); // the topic is still there
    self->send(front_door, delete_topic{{"orders"}});
    self->send(front_door, late); // it is closed
  };
  caf::anon_send(member.as(), test::errand{letters});
  system.settle();
  CHECK(code_of(show("orders").error()) == errc::topic_not_exist);
  CHECK(seen->groups.size() == 2);
  CHECK(seen->forgotten == std::vector<topic_name>{{"orders"}});
  CHECK(stored().empty());
}

TEST_CASE_FIXTURE(running,
                  "broker: an unknown group has no offsets, members, locks or description") {
  auto offsets = system.ask<committed_offsets>(broker, fetch_offsets{{"g"}, {{{"orders"}, {2}}}});
  REQUIRE(offsets);
  CHECK(offsets->positions == std::vector<queue_position>{{{{"orders"}, {2}}, no_offset}});
  CHECK(code_of(system.ask<offsets_committed>(broker, commit(1)).error()) == errc::group_not_exist);
  CHECK(code_of(system.ask<locked_queues>(broker, lock_queues{{"g"}, {"c"}, {}}).error())
        == errc::group_not_exist);
  CHECK(code_of(system.ask<group_description>(broker, describe_group{{"g"}}).error())
        == errc::group_not_exist);
  CHECK(system.ask<group_left>(broker, leave_consumer_group{{"g"}, {"c"}}));
  system.send(broker, release_queues{{"g"}, {"c"}, {}});
  system.send(broker, unlock_queues{{"g"}, {"c"}, {}});
  CHECK(seen->groups.empty());
}

TEST_CASE("broker: unknown groups are refused where they are not made by consuming") {
  broker_config config;
  config.auto_create_subscription_group = false;
  running stage{config};
  CHECK(code_of(stage.join().error()) == errc::group_not_exist);
}

TEST_CASE_FIXTURE(running, "M9 broker: a group name of 120 bytes passes, of 121 it does not") {
  auto request = joining();
  request.group = {std::string(120, 'g')};
  CHECK(system.ask<group_joined>(broker, request));
  request.group = {std::string(121, 'g')};
  CHECK(code_of(system.ask<group_joined>(broker, request).error()) == errc::invalid_parameter);
  join_producer_group producer{{std::string(121, 'g')}, {"p"}};
  CHECK(code_of(system.ask<group_joined>(broker, producer).error()) == errc::invalid_parameter);
}

TEST_CASE_FIXTURE(running,
                  "broker: all groups are listed, those without an actor and dead ones too") {
  REQUIRE(join());
  restart_broker();
  join_producer_group producer{{"p"}, {"p1"}};
  REQUIRE(system.ask<group_joined>(broker, producer));
  auto list = system.ask<group_list>(broker, list_groups{});
  REQUIRE(list);
  REQUIRE(list->groups.size() == 2);
  CHECK(list->groups[0].group.value == "g");
  CHECK(list->groups[0].members == 0);
  CHECK(list->groups[1].members == 1);
  CHECK_FALSE(list->groups[1].consumers);
  CHECK(system.ask<group_description>(broker, describe_group{{"g"}}));
  CHECK(system.ask<group_description>(broker, describe_group{{"p"}})->summary.members == 1);
  system.kill(seen->groups.back());
  CHECK(system.ask<group_list>(broker, list_groups{})->groups.size() == 2);
}

TEST_CASE_FIXTURE(running, "broker: a producer leaves its group when it says so or dies") {
  auto producer = system.spawn_probe();
  join_producer_group request{{"p"}, {"p1"}};
  auto members = [&] {
    return system.ask<group_description>(broker, describe_group{{"p"}})->summary.members;
  };
  REQUIRE(system.ask_from<group_joined>(producer, broker, request));
  CHECK(members() == 1);
  CHECK(system.ask_from<group_left>(producer, broker, leave_producer_group{{"p"}, {"p1"}}));
  CHECK(members() == 0);
  system.ask_from<group_joined>(producer, broker, request);
  system.kill(producer);
  CHECK(members() == 0);
}

} // namespace
} // namespace cafmq
