#include <doctest/doctest.h>

#include "actors/metadata_store/metadata_tables.hpp"

namespace cafmq {
namespace {

topic_config topic(std::string name) {
  topic_config result;
  result.topic = {std::move(name)};
  return result;
}

save_offsets offset(std::string group, std::string name, std::int32_t id, std::int64_t value) {
  return {{std::move(group)}, {{{{std::move(name)}, {id}}, {value}}}};
}

TEST_CASE("metadata_tables: offsets are merged, the last writer wins, lower values too") {
  metadata_tables tables;
  CHECK(tables.set_offsets(offset("g", "b", 1, 7)));
  CHECK(tables.set_offsets(offset("g", "a", 0, 5)));
  CHECK_FALSE(tables.set_offsets(offset("g", "a", 0, 5)));
  CHECK(tables.set_offsets(offset("g", "a", 0, 3)));
  CHECK(tables.set_offsets(offset("other", "a", 0, 9)));
  CHECK_FALSE(tables.set_offsets({{"g"}, {{{{"a"}, {0}}, no_offset}}}));
  CHECK(tables.offsets_of({"g"})
        == std::vector<queue_position>{{{{"a"}, {0}}, {3}}, {{{"b"}, {1}}, {7}}});
  CHECK(tables.offsets_of({"nobody"}).empty());
}

TEST_CASE("metadata_tables: what is written is read again") {
  metadata_tables tables;
  tables.set_topics({{3, 4}, {topic("orders")}});
  tables.set_offsets(offset("g", "orders", 2, 17));
  CHECK(tables.add_group({"g"}, 5));
  CHECK_FALSE(tables.add_group({"g"}, 6));
  metadata_tables again{*read_topics_json(tables.topics_text({{3, 4}, {topic("orders")}})),
                        *read_offsets_json(tables.offsets_text(6)),
                        *read_groups_json(tables.groups_text())};
  CHECK(again.topics() == tables.topics());
  CHECK(again.topics_version() == data_version{3, 4});
  CHECK(again.offsets_of({"g"}) == tables.offsets_of({"g"}));
  CHECK(again.groups().count({"g"}) == 1);
}

TEST_CASE("metadata_tables: a topic that goes takes its offsets along, an unknown one does not") {
  metadata_tables tables;
  tables.set_offsets(offset("g", "orders", 0, 5));
  tables.set_offsets(offset("g", "bills", 0, 6));
  // A lost topics.json must not cost offsets: neither topic is known yet.
  CHECK_FALSE(tables.set_topics({{1, 0}, {topic("orders")}}));
  CHECK(tables.offsets_of({"g"}).size() == 2);
  CHECK(tables.set_topics({{2, 0}, {}}));
  CHECK(tables.offsets_of({"g"}) == std::vector<queue_position>{{{{"bills"}, {0}}, {6}}});
}

TEST_CASE("metadata_tables: offsets in a topic are forgotten for one group, or for all") {
  metadata_tables tables;
  tables.set_offsets(offset("g", "orders", 0, 5));
  tables.set_offsets(offset("g", "bills", 0, 6));
  tables.set_offsets(offset("h", "orders", 0, 7));
  CHECK_FALSE(tables.forget({{"orders"}, {"nobody"}}));
  CHECK(tables.forget({{"orders"}, {"g"}}));
  CHECK_FALSE(tables.forget({{"orders"}, {"g"}}));
  CHECK(tables.offsets_of({"g"}) == std::vector<queue_position>{{{{"bills"}, {0}}, {6}}});
  CHECK(tables.offsets_of({"h"}).size() == 1);
  CHECK(tables.forget({{"orders"}, {}}));
  CHECK(tables.offsets_of({"h"}).empty());
  CHECK_FALSE(tables.forget({{"orders"}, {}}));
}

} // namespace
} // namespace cafmq
