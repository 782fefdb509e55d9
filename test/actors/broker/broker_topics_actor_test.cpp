#include <doctest/doctest.h>

#include "support/broker_stage.hpp"

namespace cafmq {
namespace {

// Topics: what is acknowledged is on disk. And what tools ask of a broker.

struct running : test::broker_stage {
  running() { start_broker(); }
};

TEST_CASE_FIXTURE(running, "M1 broker: an acknowledged topic survives the crash of its broker") {
  auto wanted = topic("orders", 16, 8);
  wanted.attributes["message.type"] = "FIFO";
  REQUIRE(create(wanted));
  restart_broker(caf::exit_reason::kill);
  CHECK(*show("orders") == wanted);
  CHECK(show("TBW102"));
}

TEST_CASE_FIXTURE(running, "M1 broker: a topic made by sending survives, too") {
  REQUIRE(send(batch("orders")));
  restart_broker(caf::exit_reason::kill);
  CHECK(*show("orders") == topic("orders"));
}

TEST_CASE_FIXTURE(running, "M1 broker: a topic change that the disk refuses is no change") {
  REQUIRE(create(topic("orders", 4)));
  disk->is_failing = true;
  CHECK(code_of(create(topic("orders", 8)).error()) == errc::io_error);
  CHECK(show("orders")->read_queues == 4);
  disk->is_failing = false;
  CHECK(create(topic("orders", 8)));
  CHECK(show("orders")->read_queues == 8);
}

TEST_CASE_FIXTURE(running, "broker: a topic is made once where it must be new") {
  CHECK(system.ask<topic_changed>(broker, update_topic{topic("orders"), true}));
  auto again = system.ask<topic_changed>(broker, update_topic{topic("orders"), true});
  CHECK(code_of(again.error()) == errc::topic_exist_already);
  CHECK(code_of(create(topic("TBW102")).error()) == errc::no_permission);
  CHECK(code_of(create(topic("a b")).error()) == errc::invalid_parameter);
}

TEST_CASE_FIXTURE(running, "M12 broker: shrunk write queues can still be read and reached") {
  REQUIRE(create(topic("orders", 8, 8)));
  REQUIRE(send(batch("orders", 7)));
  REQUIRE(create(topic("orders", 8, 4)));
  pull_messages pull;
  pull.group = {"g"};
  pull.topic = {"orders"};
  pull.queue = {7};
  CHECK(system.ask<pulled_messages>(broker, pull));
  CHECK(send(batch("orders", 7))); // under way by an old route
}

TEST_CASE_FIXTURE(running, "broker: a deleted topic is gone with its queues, and stays so") {
  REQUIRE(send(batch("orders")));
  CHECK(system.ask<topic_deleted>(broker, delete_topic{{"orders"}}));
  CHECK(seen->removed.count({"orders"}) == 1);
  CHECK(code_of(show("orders").error()) == errc::topic_not_exist);
  CHECK(code_of(system.ask<queue_bounds>(seen->queues.front(), get_queue_bounds{}).error())
        == errc::client_closed);
  restart_broker(caf::exit_reason::kill);
  CHECK(code_of(show("orders").error()) == errc::topic_not_exist);
  CHECK(code_of(system.ask<topic_deleted>(broker, delete_topic{{"orders"}}).error())
        == errc::topic_not_exist);
  CHECK(send(batch("orders"))); // made again
}

TEST_CASE_FIXTURE(running, "broker: a topic whose deletion the store refuses is still there") {
  REQUIRE(send(batch("orders")));
  seen->removal_failure = make_error(errc::io_error, "the disk refuses");
  CHECK(code_of(system.ask<topic_deleted>(broker, delete_topic{{"orders"}}).error())
        == errc::io_error);
  CHECK(show("orders"));
  CHECK(send(batch("orders")));
  CHECK(seen->forgotten.empty());
  seen->removal_failure = {};
  CHECK(system.ask<topic_deleted>(broker, delete_topic{{"orders"}}));
  CHECK(code_of(show("orders").error()) == errc::topic_not_exist);
}

TEST_CASE_FIXTURE(running, "broker: a deletion that ends half way can be repeated") {
  REQUIRE(send(batch("orders")));
  disk->is_failing = true; // the store is another disk here: its part is done
  CHECK(code_of(system.ask<topic_deleted>(broker, delete_topic{{"orders"}}).error())
        == errc::io_error);
  CHECK(seen->removed.count({"orders"}) == 1);
  disk->is_failing = false;
  restart_broker(caf::exit_reason::kill);
  CHECK(show("orders"));
  CHECK(system.ask<topic_deleted>(broker, delete_topic{{"orders"}}));
  restart_broker(caf::exit_reason::kill);
  CHECK(code_of(show("orders").error()) == errc::topic_not_exist);
}

TEST_CASE_FIXTURE(running, "broker: a topic is closed while its deletion is under way") {
  REQUIRE(send(batch("orders")));
  auto stored = seen->stored.size();
  auto someone = system.spawn_probe();
  auto letters = [front_door = caf::actor_cast<caf::actor>(broker),
                  late = batch("orders")](caf::event_based_actor* self) {
    self->send(front_door, delete_topic{{"orders"}});
    self->send(front_door, send_oneway{late});
  };
  caf::anon_send(someone.as(), test::errand{letters});
  system.settle();
  CHECK(seen->stored.size() == stored);
  CHECK(seen->oneway.empty());
  CHECK(code_of(show("orders").error()) == errc::topic_not_exist);
  CHECK(code_of(system.ask<topic_deleted>(broker, delete_topic{{"TBW102"}}).error())
        == errc::no_permission);
  CHECK(seen->removed == std::set<topic_name>{{"orders"}});
}

TEST_CASE_FIXTURE(running, "broker: a thousand topics made by sending are not a thousand files") {
  auto before = disk->writes;
  caf::anon_send(broker, send_oneway{batch("first")});
  for (int i = 0; i < 1'000; ++i)
    caf::anon_send(broker, send_oneway{batch("topic" + std::to_string(i))});
  system.settle();
  CHECK(seen->oneway.size() == 1'001);
  CHECK(disk->writes - before < 100);
}

TEST_CASE_FIXTURE(running, "broker: tools see topics, queues, records and the state of things") {
  REQUIRE(create(topic("orders", 2, 1)));
  CHECK(system.ask<topic_configs>(broker, get_topic_configs{})->topics.size() > 5);
  auto stats = system.ask<topic_stats>(broker, get_topic_stats{{"orders"}});
  REQUIRE(stats);
  REQUIRE(stats->queues.size() == 2);
  CHECK(stats->queues[1].bounds.max.value == 1);
  CHECK(code_of(system.ask<topic_stats>(broker, get_topic_stats{{"bills"}}).error())
        == errc::topic_not_exist);
  CHECK(system.ask<found_messages>(broker, view_message{{0}})->count == 1);
  CHECK(code_of(system.ask<found_messages>(broker, view_message{{7}}).error())
        == errc::message_not_found);
  CHECK(system.ask<found_messages>(broker, query_messages{{"orders"}, "k", 1'000'000})->count
        == 1'024);
  CHECK(code_of(system.ask<found_messages>(broker, query_messages{{"orders"}, ""}).error())
        == errc::invalid_parameter);
  auto status = system.ask<broker_status>(broker, get_broker_status{});
  REQUIRE(status);
  CHECK(status->broker.value == "broker-a");
  CHECK(status->log_max.value == 4'711);
  CHECK(status->accepts_messages);
  CHECK(status->started_at > 0);
}

} // namespace
} // namespace cafmq
