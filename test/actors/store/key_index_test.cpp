#include <array>
#include <chrono>
#include <doctest/doctest.h>
#include <functional>
#include <future>
#include <utility>

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

/// Keys of one hash, a second apart, at positions 10 apart.
std::vector<index_key> keys_between(std::int32_t from, std::int32_t to) {
  std::vector<index_key> keys;
  for (auto n = from; n < to; ++n)
    keys.push_back({1, {n * 10}, (n + 1) * 1000ll});
  return keys;
}

/// A file whose next read does something else first.
class watched_file : public store_file {
public:
  watched_file(store_file_ptr file, std::function<void()>& on_read)
      : file_(std::move(file)), on_read_(on_read) {}

  std::int64_t size() const override { return file_->size(); }
  caf::expected<void> write(std::int64_t at, std::span<const std::uint8_t> bytes) override {
    return file_->write(at, bytes);
  }
  caf::expected<void> read(std::int64_t at, std::span<std::uint8_t> out) const override {
    if (auto first = std::exchange(on_read_, nullptr)) first();
    return file_->read(at, out);
  }
  caf::expected<void> map() override { return file_->map(); }
  std::span<const std::uint8_t> view() const override { return file_->view(); }
  caf::expected<void> sync() override { return file_->sync(); }
  caf::expected<void> zero_from(std::int64_t at) override { return file_->zero_from(at); }
  wall_time_ms modified_at() const override { return file_->modified_at(); }

private:
  store_file_ptr file_;
  std::function<void()>& on_read_;
};

class watched_directory : public memory_directory {
public:
  std::function<void()> on_read; ///< in the next read of a file that was created here

  caf::expected<store_file_ptr> create(const std::string& path, std::int64_t size,
                                       naming name = naming::now) override {
    auto file = memory_directory::create(path, size, name);
    if (!file) return file.error();
    return store_file_ptr{std::make_shared<watched_file>(*file, on_read)};
  }
};

/// Does it on another thread, as the commit log would; false when that is kept waiting.
bool done_by_another(const std::function<bool()>& what, std::future<bool>& outcome) {
  outcome = std::async(std::launch::async, what);
  return outcome.wait_for(std::chrono::seconds{10}) == std::future_status::ready;
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

TEST_CASE("key_index: a long search keeps no keys waiting, and finds what was there before it") {
  watched_directory directory;
  key_index index{directory, "index", {.slots = 1000, .entries = 20'000}};
  const auto written = keys_between(0, 10'000);
  const auto in_memory = keys_between(10'000, 10'050);
  const auto late = keys_between(10'050, 19'050); // so many that all are written
  REQUIRE(index.put(written, 5000));
  REQUIRE(index.put(in_memory, 5000));
  std::future<bool> outcome;
  bool was_quick = false;
  directory.on_read = [&] {
    was_quick = done_by_another([&] { return static_cast<bool>(index.put(late, 5000)); }, outcome);
  };
  const auto before = positions(index, 1, 0, INT64_MAX, 100'000);
  CHECK(was_quick);
  REQUIRE(outcome.valid());
  CHECK(outcome.get());
  REQUIRE(before.size() == 10'050);
  CHECK(before.front() == 0);
  CHECK(before.back() == 100'490);
  CHECK(positions(index, 1, 0, INT64_MAX, 100'000).size() == 19'050);
  CHECK(positions(index, 1, 0, 3000) == std::vector<std::int64_t>{0, 10, 20});
}

TEST_CASE("key_index: a search goes on in files that retention removes meanwhile") {
  watched_directory directory;
  key_index index{directory, "index", tiny};
  const auto keys = keys_between(0, 12);
  REQUIRE(index.put(keys, 5000));
  REQUIRE(directory.files("index")->size() == 3);
  std::future<bool> outcome;
  bool was_quick = false;
  directory.on_read = [&] {
    was_quick =
      done_by_another([&] { return static_cast<bool>(index.expire({INT64_MAX})); }, outcome);
  };
  CHECK(positions(index, 1).size() == 12);
  CHECK(was_quick);
  REQUIRE(outcome.valid());
  CHECK(outcome.get());
  CHECK(directory.files("index")->size() == 1);
  CHECK(positions(index, 1) == std::vector<std::int64_t>{80, 90, 100, 110});
}

TEST_CASE("key_index: a damaged chain that leads back to a newer entry ends there") {
  memory_directory directory;
  const auto keys = keys_between(0, 3);
  {
    key_index index{directory, "index", tiny};
    REQUIRE(index.put(keys, 5000));
    REQUIRE(index.write_out());
  }
  auto file = directory.open("index/" + directory.files("index")->front().name);
  REQUIRE(file);
  const std::int64_t older_of_first = 40 + 4 * tiny.slots + 20 + 16;
  const std::array<std::uint8_t, 4> third{0, 0, 0, 3};
  REQUIRE((*file)->write(older_of_first, third));
  key_index index{directory, "index", tiny};
  REQUIRE(index.load());
  CHECK(positions(index, 1) == std::vector<std::int64_t>{0, 10, 20});
  CHECK(positions(index, 4).empty()); // of the same slot
}

TEST_CASE("key_index: a file that was not yet sized when the broker died does not stop its start") {
  memory_directory directory;
  REQUIRE(directory.create("index/20231114221320123", 0));
  key_index index{directory, "index", tiny};
  REQUIRE(index.load());
  CHECK(directory.files("index")->empty());
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
