#include <doctest/doctest.h>

#include "actors/store/consume_queue.hpp"
#include "runtime/storage/memory_directory.hpp"

using namespace cafmq;

namespace {

constexpr std::int64_t file_bytes = 5 * queue_unit_bytes;

queue_unit unit_at(std::int64_t n) { return {{n * 100}, 100, n}; }

} // namespace

TEST_CASE("consume_queue: units are read alike from memory and from files, across both") {
  memory_directory directory;
  consume_queue queue{directory, "q", file_bytes};
  for (std::int64_t n = 0; n < 12; ++n) {
    queue.append({n}, unit_at(n));
    if (n == 7) REQUIRE(queue.write_out());
  }
  CHECK(queue.unwritten() == 4);
  auto units = queue.read({3}, 8);
  REQUIRE(units);
  REQUIRE(units->size() == 8);
  for (std::int64_t n = 0; n < 8; ++n)
    CHECK((*units)[static_cast<std::size_t>(n)] == unit_at(n + 3));
  CHECK(queue.read({12}, 5)->empty());
  CHECK(queue.last() == unit_at(11));
}

TEST_CASE("consume_queue: a busy queue reads its newest units without its files") {
  memory_directory directory;
  constexpr std::int64_t count = 10'000;
  consume_queue queue{directory, "q", 2 * count * queue_unit_bytes};
  std::vector<queue_unit> units;
  for (std::int64_t n = 0; n < count; ++n)
    units.push_back(unit_at(n));
  queue.append({0}, units);
  REQUIRE(queue.write_out());
  CHECK(queue.read({0}, count).value() == units);
  REQUIRE(directory.remove("q/00000000000000000000"));
  CHECK(queue.read({count - 100}, 200)->size() == 100);
  CHECK_FALSE(queue.read({0}, 10)); // it was only in the file
  queue.rest();
  CHECK_FALSE(queue.read({count - 100}, 200)); // a quiet queue holds none
}

TEST_CASE("consume_queue: a queue that begins in the middle of a file has no units before") {
  memory_directory directory;
  {
    consume_queue queue{directory, "q", file_bytes};
    queue.append({7}, unit_at(7));
    REQUIRE(queue.write_out());
    CHECK(queue.min().value == 7);
  }
  consume_queue again{directory, "q", file_bytes};
  REQUIRE(again.load());
  CHECK(again.min().value == 7);
  CHECK(again.max().value == 8);
  CHECK(again.read({7}, 1)->front() == unit_at(7));
}

TEST_CASE(
  "consume_queue: a cut at every record drops just the units behind it, on disk and in memory") {
  for (std::int64_t written = 0; written <= 12; written += 3)
    for (std::int64_t cut = 0; cut <= 12; ++cut) {
      memory_directory directory;
      consume_queue queue{directory, "q", file_bytes};
      for (std::int64_t n = 0; n < 12; ++n) {
        queue.append({n}, unit_at(n));
        if (n + 1 == written) REQUIRE(queue.write_out());
      }
      REQUIRE(queue.truncate({cut * 100}));
      CHECK(queue.max().value == cut);
      queue.append({cut}, unit_at(cut));
      REQUIRE(queue.write_out());
      consume_queue again{directory, "q", file_bytes};
      REQUIRE(again.load());
      CHECK(again.max().value == cut + 1);
      auto units = again.read({0}, 20);
      REQUIRE(units);
      for (std::int64_t n = 0; n <= cut; ++n)
        CHECK((*units)[static_cast<std::size_t>(n)] == unit_at(n));
    }
}

TEST_CASE("L9: expired units count no more; the maximum stays even when all have expired") {
  memory_directory directory;
  consume_queue queue{directory, "q", file_bytes};
  for (std::int64_t n = 0; n < 12; ++n)
    queue.append({n}, unit_at(n));
  REQUIRE(queue.write_out());
  REQUIRE(queue.expire({650}));
  CHECK(queue.min().value == 7);
  CHECK(directory.files("q")->size() == 2);
  REQUIRE(queue.expire({100'000}));
  CHECK(queue.min().value == 12);
  CHECK(queue.max().value == 12);
  queue.append({12}, unit_at(2000));
  CHECK(queue.max().value == 13);
}

TEST_CASE("consume_queue: a file of another size is refused with its name") {
  memory_directory directory;
  REQUIRE(directory.create("q/" + segment_name(0), 7));
  REQUIRE(directory.create("q/" + segment_name(file_bytes), file_bytes));
  consume_queue queue{directory, "q", file_bytes};
  auto loaded = queue.load();
  REQUIRE_FALSE(loaded);
  CHECK(code_of(loaded.error()) == errc::store_corrupt);
  CHECK(sentence(loaded.error()).find(segment_name(0)) != std::string::npos);
}
