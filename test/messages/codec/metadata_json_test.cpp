#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "messages/codec/lenient_json.hpp"
#include "messages/codec/metadata_json.hpp"
#include "messages/errors.hpp"
#include "support/golden_store.hpp"

using namespace cafmq;
using nlohmann::json;

namespace {

topic_config default_topic(std::string name) {
  topic_config topic;
  topic.topic = {std::move(name)};
  return topic;
}

} // namespace

TEST_CASE("lenient_json: keys without quotes are quoted, and nothing else changes") {
  CHECK(quote_json_keys("{0:17,1:18}") == R"({"0":17,"1":18})");
  CHECK(quote_json_keys("{ -3 : {a_$1:[1,2,{7:true}]}}")
        == R"({ "-3" : {"a_$1":[1,2,{"7":true}]}})");
  CHECK(quote_json_keys("{\n\t0:1,\n\t1:2\n}") == "{\n\t\"0\":1,\n\t\"1\":2\n}");
  for (std::string strict :
       {R"({"a":1,"b":[1,2,3],"c":{"d":null}})", R"({"t,1:2":"x{3:4,5:6"})", R"({"q\",1:":"\\"})",
        R"(["1:2",3,true])", "", "{", "\"", "\"\\", "{1", "{1 ", "x:1"})
    CHECK(quote_json_keys(strict) == strict);
}

TEST_CASE("metadata_json: topics of Apache's brokers are read, and written for them to read") {
  for (const auto& name : test::golden_stores) {
    CAPTURE(name);
    test::golden_store store{name};
    auto text = test::read_file(store / "config/topics.json");
    auto read = read_topics_json(text);
    REQUIRE(read);
    auto normal = read->topics.at({"GoldenNormal"});
    CHECK(normal == default_topic("GoldenNormal"));
    CHECK(read->topics.at({"GoldenOrder"}).read_queues == 8);
    CHECK(read->topics.at({"DefaultCluster"}).perm == 7);
    CHECK(read->topics.at({"SCHEDULE_TOPIC_XXXX"}).write_queues == 18);
    CHECK(read->version.counter > 0);
    // Nothing that Apache had in the file is lost by reading and writing.
    auto before = json::parse(text), after = json::parse(write_topics_json(*read));
    for (auto& [topic, entry] : before["topicConfigTable"].items())
      entry.emplace("attributes", json::object()); // 4.9 has none
    CHECK(before == after);
  }
}

TEST_CASE("metadata_json: offsets of Apache's brokers are read, and written for them to read") {
  for (const auto& name : test::golden_stores) {
    CAPTURE(name);
    test::golden_store store{name};
    auto text = test::read_file(store / "config/consumerOffset.json");
    auto read = read_offsets_json(text);
    REQUIRE(read);
    std::map<queue_id, queue_offset> expected{{{0}, {17}}, {{1}, {18}}, {{2}, {19}}, {{3}, {20}}};
    CHECK(read->offsets.at({{"GoldenNormal"}, {"golden_reader"}}) == expected);
    CHECK(read->offsets.contains({{"GoldenRetry"}, {"golden_retry_group"}}));
    auto before = json::parse(quote_json_keys(text));
    before.erase("groupTopicMap");
    auto after = json::parse(write_offsets_json(*read));
    if (!before.contains("dataVersion")) after.erase("dataVersion"); // 4.9 writes none here
    CHECK(before == after);
  }
}

TEST_CASE("metadata_json: groups of Apache's brokers keep the settings that only Apache knows") {
  for (const auto& name : test::golden_stores) {
    CAPTURE(name);
    test::golden_store store{name};
    auto text = test::read_file(store / "config/subscriptionGroup.json");
    auto read = read_groups_json(text);
    REQUIRE(read);
    CHECK(read->groups.at({"golden_reader"}) == group_settings{});
    CHECK(json::parse(text) == json::parse(write_groups_json(*read)));
  }
}

TEST_CASE("metadata_json: what was written reads back the same") {
  topics_document topics;
  topics.version = {3, 77};
  topics.topics[{"t"}] = {{"t"}, 2, 3, 4, 1, true, {{"message.type", "FIFO"}}};
  auto topics_back = read_topics_json(write_topics_json(topics));
  REQUIRE(topics_back);
  CHECK(topics_back->topics == topics.topics);
  CHECK(topics_back->version == topics.version);

  offsets_document offsets;
  CHECK(read_offsets_json(write_offsets_json(offsets))->offsets.empty());
  offsets.version = {1, 2};
  offsets.offsets[{{"t"}, {"g"}}] = {{{0}, {5}}, {{12}, {INT64_MAX}}};
  offsets.offsets[{{"%RETRY%g"}, {"g"}}] = {};
  auto offsets_back = read_offsets_json(write_offsets_json(offsets));
  REQUIRE(offsets_back);
  CHECK(offsets_back->offsets == offsets.offsets);
  CHECK(offsets_back->version == offsets.version);

  groups_document groups;
  groups.groups[{"g"}] = {.consume_enable = false, .retry_times_max = 3};
  auto groups_back = read_groups_json(write_groups_json(groups));
  REQUIRE(groups_back);
  CHECK(groups_back->groups == groups.groups);
}

TEST_CASE(
  "metadata_json: members of a broker that knows more survive, those of a removed topic go") {
  auto read = read_topics_json(R"({"dataVersion":{"counter":1,"stateVersion":9},"future":[1],
    "topicConfigTable":{"a":{"topicFilterType":"MULTI_TAG","colour":"red"},"b":{"colour":"blue"}}})");
  REQUIRE(read);
  read->topics.erase({"b"});
  auto written = json::parse(write_topics_json(*read));
  CHECK(written["future"] == json::array({1}));
  CHECK(written["dataVersion"]["stateVersion"] == 9);
  CHECK(written["topicConfigTable"].size() == 1);
  CHECK(written["topicConfigTable"]["a"]["colour"] == "red");
  CHECK(written["topicConfigTable"]["a"]["topicFilterType"] == "MULTI_TAG");
}

TEST_CASE("metadata_json: absent and null members take their defaults") {
  auto topics = read_topics_json(R"({"topicConfigTable":{"t":{"perm":null,"attributes":null}}})");
  REQUIRE(topics);
  CHECK(topics->topics.at({"t"}) == default_topic("t"));
  CHECK(read_topics_json("{}")->topics.empty());
  CHECK(read_offsets_json("{}")->offsets.empty());
  CHECK(read_groups_json(R"({"subscriptionGroupTable":null})")->groups.empty());
}

TEST_CASE("metadata_json: a damaged file is refused with a sentence, whatever is wrong") {
  for (auto text : {"", "{", "[]", "null", "17", R"({"topicConfigTable":[]})",
                    R"({"topicConfigTable":{"t":7}})", R"({"topicConfigTable":{"t":{"perm":"6"}}})",
                    R"({"topicConfigTable":{"t":{"perm":4294967296}}})",
                    R"({"topicConfigTable":{"t":{"order":1}}})",
                    R"({"topicConfigTable":{"t":{"attributes":{"a":1}}}})",
                    R"({"dataVersion":{"counter":18446744073709551615}})"}) {
    CAPTURE(text);
    auto read = read_topics_json(text);
    REQUIRE_FALSE(read);
    CHECK(code_of(read.error()) == errc::store_corrupt);
    CHECK(sentence(read.error()).find("config/topics.json") != std::string::npos);
  }
  for (auto text :
       {"", "\xff", R"({"offsetTable":{"t@g":[]}})", R"({"offsetTable":{"t@g":{"x":1}}})",
        R"({"offsetTable":{"t@g":{-1:1}}})", R"({"offsetTable":{"t@g":{0:1.5}}})"})
    CHECK_FALSE(read_offsets_json(text));
  CHECK_FALSE(read_groups_json(R"({"subscriptionGroupTable":{"g":{"consumeEnable":"yes"}}})"));
  // Every cut of a good file is refused or reads as a prefix never would: it is no object.
  auto whole = write_offsets_json({{1, 2}, {{{{"t"}, {"g"}}, {{{0}, {5}}}}}, {}});
  for (std::size_t length = 0; length + 2 < whole.size(); ++length)
    CHECK_FALSE(read_offsets_json(std::string_view{whole}.substr(0, length)));
}

TEST_CASE("metadata_json: deletions are read as they were written, and damaged ones are refused") {
  topic_deletions deletions;
  deletions.log_ends["orders"] = {4'711};
  deletions.log_ends["%RETRY%group"] = {0};
  auto read = read_deletions_json(write_deletions_json(deletions));
  REQUIRE(read);
  CHECK(*read == deletions);
  CHECK(read->covers("orders", {4'710}));
  CHECK_FALSE(read->covers("orders", {4'711}));
  CHECK(read_deletions_json("{}")->log_ends.empty());
  for (auto text : {"", "[]", R"({"deletedTopicTable":7})", R"({"deletedTopicTable":{"t":"7"}})"}) {
    auto refused = read_deletions_json(text);
    REQUIRE_FALSE(refused);
    CHECK(code_of(refused.error()) == errc::store_corrupt);
    CHECK(sentence(refused.error()).find("config/deletedTopics.json") != std::string::npos);
  }
}
