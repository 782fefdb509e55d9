#include <doctest/doctest.h>

#include "actors/producer_group/producer_table.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

const producer_table::time_point start{};

TEST_CASE("producer_table: members stay while they repeat their joining within 120 s") {
  producer_table table;
  table.join({"a"}, start);
  table.join({"b"}, start);
  table.join({"b"}, start + 60s);
  CHECK(table.expire(start + 120s).empty());
  CHECK(table.expire(start + 120s + 1ms) == std::vector<client_id>{{"a"}});
  CHECK(table.size() == 1);
  CHECK(table.leave({"b"}));
  CHECK_FALSE(table.leave({"b"}));
}

TEST_CASE("M9 producer_table: the last place is given, one more is refused") {
  broker_config config;
  config.group_members_max = 2;
  producer_table table{config};
  CHECK(table.join({"a"}, start));
  CHECK(table.join({"b"}, start));
  CHECK_FALSE(table.join({"c"}, start));
  CHECK(table.join({"a"}, start)); // a member renews even then
}

} // namespace
} // namespace cafmq
