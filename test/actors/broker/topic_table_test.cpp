#include <doctest/doctest.h>

#include "actors/broker/name_rules.hpp"
#include "actors/broker/topic_table.hpp"

namespace cafmq {
namespace {

constexpr wall_time_ms now = 1'000;

topic_config make(std::string name, std::int32_t read = 4, std::int32_t write = 4) {
  topic_config result;
  result.topic = {std::move(name)};
  result.read_queues = read;
  result.write_queues = write;
  return result;
}

topic_table fresh(const broker_config& config = {}) { return {config, {}, {}, now}; }

errc refusal(topic_table& table, const topic_change& change) {
  auto before = table.version();
  auto result = table.apply(change, now);
  CHECK(table.version() == before);
  return code_of(result.error());
}

TEST_CASE("M9 name_rules: topics of 127 bytes pass, of 128 do not; retry topics have 255") {
  CHECK(check_name(topic_name{std::string(127, 't')}));
  CHECK(code_of(check_name(topic_name{std::string(128, 't')}).error()) == errc::invalid_parameter);
  CHECK(check_name(topic_name{"%RETRY%" + std::string(248, 'g')}));
  CHECK_FALSE(check_name(topic_name{"%RETRY%" + std::string(249, 'g')}));
  CHECK(check_name(topic_name{"%DLQ%" + std::string(250, 'g')}));
}

TEST_CASE("M9 name_rules: groups of 120 bytes pass, of 121 do not") {
  CHECK(check_name(group_name{std::string(120, 'g')}));
  CHECK(code_of(check_name(group_name{std::string(121, 'g')}).error()) == errc::invalid_parameter);
}

TEST_CASE("name_rules: letters, digits, _, -, % and | make names, nothing else does") {
  CHECK(check_name(topic_name{"aZ09_-%|"}));
  for (const char* bad : {"", "a b", "a.b", "a/b", "\xc3\xa4", "a\n", "a@b"}) {
    CAPTURE(bad);
    CHECK_FALSE(check_name(topic_name{bad}));
    CHECK_FALSE(check_name(group_name{bad}));
  }
}

TEST_CASE("name_rules: clients write neither the delay nor the transaction topics") {
  CHECK_FALSE(is_open_to_clients({"SCHEDULE_TOPIC_XXXX"}));
  CHECK_FALSE(is_open_to_clients({"RMQ_SYS_TRANS_HALF_TOPIC"}));
  CHECK_FALSE(is_open_to_clients({"OFFSET_MOVED_EVENT"}));
  CHECK(is_open_to_clients({"BenchmarkTest"}));
  CHECK(is_open_to_clients({"orders"}));
}

TEST_CASE("topic_table: a new broker has its system topics, and a version that says so") {
  auto table = fresh();
  CHECK(table.version().counter == 1);
  CHECK(table.version().timestamp == now);
  REQUIRE(table.find({"TBW102"}));
  CHECK(table.find({"TBW102"})->write_queues == 8);
  CHECK(table.find({"TBW102"})->perm == 7);
  CHECK(table.find({"SCHEDULE_TOPIC_XXXX"})->read_queues == 18);
  CHECK(table.find({"DefaultCluster"}));
  CHECK(table.find({"broker-a"}));
  CHECK(table.size() == system_topics({}).size());
  CHECK(table.all().size() == table.size());
}

TEST_CASE("topic_table: stored topics stay as they are, and a complete table keeps its version") {
  auto before = fresh();
  std::map<topic_name, topic_config> stored;
  for (const auto& topic : before.all())
    stored[topic.topic] = topic;
  stored[{"TBW102"}].write_queues = 16;
  topic_table table{broker_config{}, {7, 5}, stored, now};
  CHECK(table.version() == data_version{7, 5});
  CHECK(table.find({"TBW102"})->write_queues == 16);
}

TEST_CASE("topic_table: where topics are not created by sending, TBW102 goes") {
  broker_config config;
  config.auto_create_topic_enable = false;
  topic_table table{config, {7, 5}, {{{"TBW102"}, make("TBW102")}}, now};
  CHECK_FALSE(table.find({"TBW102"}));
  CHECK(table.version().counter == 8);
  CHECK_FALSE(table.may_auto_create({"orders"}));
  CHECK(refusal(table, auto_create_topic{{"orders"}}) == errc::topic_not_exist);
}

TEST_CASE("M12 topic_table: a topic created by sending has 4 queues, permission 6") {
  auto table = fresh();
  auto made = table.apply(auto_create_topic{{"orders"}}, now);
  REQUIRE(made);
  CHECK(*made == make("orders"));
  CHECK(table.version().counter == 2);
  CHECK(table.apply(auto_create_topic{{"orders"}}, now));
  CHECK(table.version().counter == 2); // it was there
  broker_config config;
  config.default_topic_queue_nums = 16;
  auto wide = fresh(config);
  CHECK(wide.apply(auto_create_topic{{"orders"}}, now)->write_queues == 16);
  // Over the topics that a broker with the default has stored.
  std::map<topic_name, topic_config> stored;
  for (auto& topic : fresh().all())
    stored.emplace(topic.topic, topic);
  topic_table raised{config, {}, std::move(stored), now};
  CHECK(raised.apply(auto_create_topic{{"orders"}}, now)->write_queues == 16);
}

TEST_CASE("M12 topic_table: a topic is made and altered as asked") {
  auto table = fresh();
  CHECK(table.apply(set_topic{make("orders", 16, 16)}, now));
  CHECK(table.apply(set_topic{make("orders", 16, 8)}, now)->write_queues == 8);
  CHECK(table.find({"orders"})->read_queues == 16);
  auto version = table.version();
  CHECK(table.apply(set_topic{make("orders", 16, 8)}, now));
  CHECK(table.version() == version);
}

TEST_CASE("topic_table: what is wrong with a topic is refused and changes nothing") {
  auto table = fresh();
  REQUIRE(table.apply(set_topic{make("orders")}, now));
  CHECK(refusal(table, set_topic{make("orders"), true}) == errc::topic_exist_already);
  CHECK(refusal(table, set_topic{make("a b")}) == errc::invalid_parameter);
  CHECK(refusal(table, set_topic{make("x", 0, 0)}) == errc::invalid_parameter);
  CHECK(refusal(table, set_topic{make("x", -1, 4)}) == errc::invalid_parameter);
  CHECK(refusal(table, set_topic{make("x", 4, topic_queues_max + 1)}) == errc::invalid_parameter);
  auto topic = make("x");
  topic.perm = 8;
  CHECK(refusal(table, set_topic{topic}) == errc::invalid_parameter);
  topic = make("x");
  topic.attributes["a b"] = "c";
  CHECK(refusal(table, set_topic{topic}) == errc::invalid_parameter);
  CHECK(refusal(table, set_topic{make("TBW102")}) == errc::no_permission);
  CHECK(refusal(table, drop_topic{{"SCHEDULE_TOPIC_XXXX"}}) == errc::no_permission);
  CHECK(refusal(table, drop_topic{{"nothing"}}) == errc::topic_not_exist);
  CHECK(refusal(table, auto_create_topic{{"a b"}}) == errc::invalid_parameter);
}

TEST_CASE("topic_table: a dropped topic is gone and may come again") {
  auto table = fresh();
  REQUIRE(table.apply(set_topic{make("orders", 8, 8)}, now));
  CHECK(table.apply(drop_topic{{"orders"}}, now)->read_queues == 8);
  CHECK_FALSE(table.find({"orders"}));
  CHECK(table.apply(auto_create_topic{{"orders"}}, now)->read_queues == 4);
}

} // namespace
} // namespace cafmq
