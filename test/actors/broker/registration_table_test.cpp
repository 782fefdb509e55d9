#include <doctest/doctest.h>

#include "actors/broker/registration_table.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

using effects = registration_table::effects;
const registration_table::time_point start{};

registration_table two() { return {{"ns1:9876", "ns2:9876"}, 30s}; }

TEST_CASE("registration_table: every name server is dialled at once and told when linked") {
  auto table = two();
  CHECK(table.tick(start) == effects{dial_name_server{"ns1:9876"}, dial_name_server{"ns2:9876"}});
  CHECK(table.tick(start + 1s).empty());
  CHECK(table.linked("ns2:9876", start) == effects{announce_broker{"ns2:9876"}});
  CHECK(table.links() == std::vector<std::string>{"ns2:9876"});
}

TEST_CASE("registration_table: an address named twice is one name server") {
  registration_table table{{"ns1:9876", "ns1:9876"}, 30s};
  CHECK(table.tick(start).size() == 1);
}

TEST_CASE("M4 registration_table: linked, it announces every period") {
  registration_table table{{"ns1:9876"}, 30s};
  table.tick(start);
  table.linked("ns1:9876", start);
  table.answered("ns1:9876", start);
  CHECK(table.tick(start + 29s).empty());
  CHECK(table.tick(start + 30s) == effects{announce_broker{"ns1:9876"}});
}

TEST_CASE("registration_table: topic changes are announced one at a time, the last one surely") {
  registration_table table{{"ns1:9876"}, 30s};
  CHECK(table.topics_changed(start).empty());
  table.tick(start);
  table.linked("ns1:9876", start);
  CHECK(table.topics_changed(start).empty()); // one is under way
  CHECK(table.topics_changed(start).empty());
  CHECK(table.answered("ns1:9876", start) == effects{announce_broker{"ns1:9876"}});
  CHECK(table.answered("ns1:9876", start).empty());
  CHECK(table.topics_changed(start) == effects{announce_broker{"ns1:9876"}});
}

TEST_CASE("M4 registration_table: a lost name server is dialled again, ever more slowly") {
  registration_table table{{"ns1:9876"}, 30s};
  auto now = start;
  table.tick(now);
  for (auto wait : {1s, 2s, 4s, 8s, 16s, 30s, 30s}) {
    table.lost("ns1:9876", now);
    CHECK(table.tick(now + wait - 1ms).empty());
    now += wait;
    CHECK(table.tick(now) == effects{dial_name_server{"ns1:9876"}});
  }
  table.linked("ns1:9876", now);
  table.answered("ns1:9876", now);
  table.lost("ns1:9876", now);
  CHECK(table.tick(now + 1s) == effects{dial_name_server{"ns1:9876"}});
}

TEST_CASE("registration_table: a mute name server is dropped and dialled again") {
  registration_table table{{"ns1:9876"}, 30s};
  table.tick(start);
  table.linked("ns1:9876", start);
  CHECK(table.tick(start + 23s).empty());
  CHECK(table.tick(start + 24s) == effects{drop_name_server{"ns1:9876"}});
  CHECK(table.links().empty());
  CHECK(table.answered("ns1:9876", start + 24s).empty()); // too late
  CHECK(table.tick(start + 25s) == effects{dial_name_server{"ns1:9876"}});
}

} // namespace
} // namespace cafmq
