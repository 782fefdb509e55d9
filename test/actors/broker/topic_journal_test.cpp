#include <doctest/doctest.h>

#include "actors/broker/topic_journal.hpp"

namespace cafmq {
namespace {

constexpr wall_time_ms now = 1'000;

set_topic make(std::string name) {
  topic_config topic;
  topic.topic = {std::move(name)};
  return {topic};
}

topic_journal fresh() { return {topic_table{broker_config{}, {}, {}, now}, true}; }

TEST_CASE("M1 topic_journal: a change is true only after its save") {
  auto journal = fresh();
  auto id = journal.submit(make("orders"));
  auto save = journal.begin_save(now);
  REQUIRE(save.table);
  CHECK(save.table->find({"orders"}));
  CHECK(save.outcomes.empty());
  CHECK_FALSE(journal.table().find({"orders"}));
  auto outcomes = journal.end_save({});
  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes.front().id == id);
  CHECK(outcomes.front().topic);
  CHECK(journal.table().find({"orders"}));
}

TEST_CASE("M1 topic_journal: a change that the disk refused never was") {
  auto journal = fresh();
  journal.submit(make("orders"));
  journal.begin_save(now);
  auto outcomes = journal.end_save(make_error(errc::io_error, "disk full"));
  REQUIRE(outcomes.size() == 1);
  CHECK(code_of(outcomes.front().topic.error()) == errc::io_error);
  CHECK_FALSE(journal.table().find({"orders"}));
  CHECK_FALSE(journal.is_due());
  journal.submit(make("orders"));
  journal.begin_save(now);
  CHECK(journal.end_save({}).front().topic);
}

TEST_CASE("topic_journal: changes during a save go with the next one, together") {
  auto journal = fresh();
  journal.submit(make("a"));
  journal.begin_save(now);
  journal.submit(make("b"));
  journal.submit(make("c"));
  CHECK_FALSE(journal.is_due());
  CHECK_FALSE(journal.begin_save(now).table);
  CHECK(journal.end_save({}).size() == 1);
  REQUIRE(journal.is_due());
  auto save = journal.begin_save(now);
  REQUIRE(save.table);
  CHECK(save.table->find({"b"}));
  CHECK(journal.end_save({}).size() == 2);
  CHECK(journal.table().find({"a"}));
}

TEST_CASE("topic_journal: what changes nothing needs no save") {
  auto journal = fresh();
  auto refused = make("a b");
  journal.submit(refused);
  auto save = journal.begin_save(now);
  CHECK_FALSE(save.table);
  REQUIRE(save.outcomes.size() == 1);
  CHECK(code_of(save.outcomes.front().topic.error()) == errc::invalid_parameter);
  CHECK_FALSE(journal.is_due());
}

TEST_CASE("topic_journal: two that create the same topic both get it with one save") {
  auto journal = fresh();
  journal.submit(auto_create_topic{{"orders"}});
  journal.submit(auto_create_topic{{"orders"}});
  CHECK(journal.begin_save(now).table);
  auto outcomes = journal.end_save({});
  REQUIRE(outcomes.size() == 2);
  CHECK(outcomes[1].topic->write_queues == 4);
}

TEST_CASE("topic_journal: a table that differs from the disk is saved first, until it succeeds") {
  topic_journal journal{topic_table{broker_config{}, {}, {}, now}, false};
  CHECK(journal.is_due());
  CHECK(journal.begin_save(now).table);
  journal.end_save(make_error(errc::io_error));
  CHECK(journal.is_due());
  CHECK(journal.begin_save(now).table);
  journal.end_save({});
  CHECK_FALSE(journal.is_due());
}

} // namespace
} // namespace cafmq
