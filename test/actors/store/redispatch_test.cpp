#include <doctest/doctest.h>

#include "actors/store/redispatch.hpp"
#include "runtime/storage/memory_directory.hpp"

using namespace cafmq;
using outcome = redispatch::outcome;

namespace {

struct fixture {
  memory_directory directory;
  store_contents contents{directory, {}};

  outcome enter(redispatch& target, std::int64_t offset, std::int64_t position) {
    record_view record;
    record.topic = "orders";
    record.offset = {offset};
    record.position = {position};
    record.size = 100;
    auto entered = target.enter(record);
    REQUIRE(entered);
    return *entered;
  }
  std::int64_t max() { return contents.queues.find("orders", {0})->units.max().value; }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "redispatch: what is there already is entered again without effect") {
  redispatch target{contents, redispatch::gap::loses_units, 1000};
  for (int round = 0; round < 2; ++round)
    for (std::int64_t n = 0; n < 5; ++n)
      CHECK(enter(target, n, n * 100) == outcome::entered);
  CHECK(max() == 5);
}

TEST_CASE_FIXTURE(fixture, "redispatch: an offset behind a gap says what the gap means") {
  redispatch partial{contents, redispatch::gap::loses_units, 1000};
  CHECK(enter(partial, 3, 300) == outcome::units_are_missing);
  redispatch whole{contents, redispatch::gap::is_damage, 1000};
  CHECK(enter(whole, 3, 300) == outcome::entered); // the oldest that is kept
  CHECK(enter(whole, 9, 400) == outcome::is_not_believable);
  CHECK(enter(whole, -1, 400) == outcome::is_not_believable);
  CHECK(enter(whole, 4, 400) == outcome::entered);
  CHECK(max() == 5);
}

TEST_CASE_FIXTURE(fixture, "redispatch: a topic that was deleted and made again begins anew") {
  redispatch target{contents, redispatch::gap::is_damage, 1000};
  for (std::int64_t n = 0; n < 5; ++n)
    CHECK(enter(target, n, n * 100) == outcome::entered);
  CHECK(enter(target, 0, 500) == outcome::entered);
  CHECK(max() == 1);
}
