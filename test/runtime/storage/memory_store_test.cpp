#include <doctest/doctest.h>

#include "runtime/storage/memory_directory.hpp"
#include "support/store_stage.hpp"

using namespace cafmq;

namespace {

struct bounded_memory : memory_directory {
  bounded_memory() : memory_directory(64 * 1024) {}
};

} // namespace

TEST_CASE("L9: a store in memory gives up its oldest messages before it is full, and goes on") {
  cafmq::test::store_stage<bounded_memory> s;
  constexpr int sends = 2'000; // about eight times what fits
  for (int i = 0; i < sends; ++i) {
    s.send(cafmq::test::batch_of("orders", 0, cafmq::test::numbered(i, i + 1)));
    if (i % 10 != 9) continue;
    s.flush(true);
    REQUIRE(s.store->clean(s.now, 12));
    REQUIRE_FALSE(s.store->refusal());
    REQUIRE(s.directory.used_percent() <= 100);
  }
  auto left = s.bodies("orders", 0);
  CHECK(left.size() < sends / 2);
  REQUIRE_FALSE(left.empty());
  CHECK(left.back() == "body " + std::to_string(sends - 1));
}
