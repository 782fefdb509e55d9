#include <doctest/doctest.h>

#include "actors/store/key_index.hpp"
#include "runtime/storage/memory_directory.hpp"

using namespace cafmq;

namespace {

constexpr key_index_config tiny{.slots = 3, .entries = 5}; // four entries a file, many in one slot

std::vector<std::int64_t> positions(const key_index& index, std::int32_t hash,
                                    wall_time_ms begin = 0, wall_time_ms end = INT64_MAX,
                                    std::size_t count_max = 64) {
  auto found = index.find(hash, begin, end, count_max);
  REQUIRE(found);
  std::vector<std::int64_t> result;
  for (auto position : *found)
    result.push_back(position.value);
  return result;
}

caf::expected<void> put(key_index& index, const index_key& key, wall_time_ms now) {
  return index.put({&key, 1}, now);
}

} // namespace

TEST_CASE("key_index: entries are found through their slot, over several files") {
  memory_directory directory;
  key_index index{directory, "index", tiny};
  for (std::int32_t n = 0; n < 20; ++n)
    REQUIRE(put(index, {n % 7, {n * 10}, 1000 + n}, 5000));
  CHECK(positions(index, 2) == std::vector<std::int64_t>{20, 90, 160});
  CHECK(positions(index, 2, 0, INT64_MAX, 1) == std::vector<std::int64_t>{160});
  CHECK(positions(index, 99).empty());
  CHECK(directory.files("index")->size() == 5);
}

TEST_CASE("key_index: what was written out is found after a restart, and goes on") {
  memory_directory directory;
  {
    key_index index{directory, "index", tiny};
    for (std::int32_t n = 0; n < 6; ++n)
      REQUIRE(put(index, {n % 2, {n * 10}, 1000}, 5000));
    REQUIRE(index.write_out());
  }
  key_index again{directory, "index", tiny};
  REQUIRE(again.load());
  CHECK(positions(again, 1) == std::vector<std::int64_t>{10, 30, 50});
  REQUIRE(put(again, {1, {70}, 1000}, 5000));
  CHECK(positions(again, 1) == std::vector<std::int64_t>{10, 30, 50, 70});
}

TEST_CASE("key_index: a cut forgets entries at or behind it and keeps the chains of the others") {
  for (std::int64_t cut = 0; cut <= 100; cut += 10) {
    memory_directory directory;
    key_index index{directory, "index", tiny};
    for (std::int32_t n = 0; n < 10; ++n)
      REQUIRE(put(index, {0, {n * 10}, 1000}, 5000));
    REQUIRE(index.write_out());
    REQUIRE(index.truncate({cut}));
    std::vector<std::int64_t> expected;
    for (std::int64_t at = 0; at < cut; at += 10)
      expected.push_back(at);
    CHECK(positions(index, 0) == expected);
    REQUIRE(put(index, {0, {500}, 1000}, 5000));
    expected.push_back(500);
    CHECK(positions(index, 0) == expected);
  }
}

TEST_CASE("key_index: thousands of keys at once are found before and after they are written") {
  memory_directory directory;
  constexpr std::int32_t count = 25'000;
  constexpr key_index_config large{.slots = 1000, .entries = 20'000};
  std::vector<index_key> keys;
  for (std::int32_t n = 0; n < count; ++n)
    keys.push_back({n, {n * 10}, 1000});
  {
    key_index index{directory, "index", large};
    REQUIRE(index.put(keys, 5000));
    for (std::int32_t n : {0, 8191, 8192, 19'998, 19'999, 24'999})
      CHECK(positions(index, n) == std::vector<std::int64_t>{n * 10});
    REQUIRE(index.write_out());
  }
  CHECK(directory.files("index")->size() == 2);
  key_index again{directory, "index", large};
  REQUIRE(again.load());
  CHECK(positions(again, 24'999) == std::vector<std::int64_t>{249'990});
  REQUIRE(again.truncate({240'000}));
  CHECK(positions(again, 23'999) == std::vector<std::int64_t>{239'990});
  CHECK(positions(again, 24'000).empty());
}

TEST_CASE("key_index: entries written ahead of the slots do not count after a crash") {
  memory_directory directory;
  constexpr key_index_config large{.slots = 1000, .entries = 20'000};
  std::vector<index_key> keys;
  for (std::int32_t n = 0; n < 10'000; ++n)
    keys.push_back({n, {n * 10}, 1000});
  {
    key_index index{directory, "index", large};
    REQUIRE(put(index, {1, {5}, 1000}, 5000));
    REQUIRE(index.write_out());
    REQUIRE(index.put(keys, 5000));
  }
  key_index again{directory, "index", large};
  REQUIRE(again.load());
  CHECK(again.end_position() == log_position{5});
  CHECK(positions(again, 9999).empty());
  CHECK(positions(again, 1) == std::vector<std::int64_t>{5});
  REQUIRE(again.put(keys, 5000));
  CHECK(positions(again, 1) == std::vector<std::int64_t>{5, 10});
}

TEST_CASE("key_index: the time range holds to the second") {
  memory_directory directory;
  key_index index{directory, "index", {.slots = 10, .entries = 100}};
  for (std::int32_t n = 0; n < 10; ++n)
    REQUIRE(put(index, {0, {n}, 10'000 + n * 1000}, 5000));
  CHECK(positions(index, 0, 12'000, 14'000) == std::vector<std::int64_t>{2, 3, 4});
}

TEST_CASE("key_index: file names are times and grow even when the clock stands still") {
  CHECK(index_file_name(1'700'000'000'123) == "20231114221320123");
  memory_directory directory;
  key_index index{directory, "index", tiny};
  for (std::int32_t n = 0; n < 12; ++n)
    REQUIRE(put(index, {0, {n}, 1000}, 1'700'000'000'123));
  auto files = directory.files("index");
  REQUIRE(files->size() == 3);
  CHECK((*files)[2].name == "20231114221320125");
}
