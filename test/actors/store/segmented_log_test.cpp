#include <doctest/doctest.h>

#include "actors/store/segmented_log.hpp"
#include "actors/store/store_checkpoint.hpp"
#include "actors/store/store_contents.hpp"
#include "actors/store/store_view.hpp"
#include "messages/codec/java_hash.hpp"
#include "runtime/storage/memory_directory.hpp"

using namespace cafmq;

TEST_CASE("segmented_log: a missing or odd file is refused, an unsized last one is made again") {
  memory_directory directory;
  REQUIRE(directory.create("log/" + segment_name(0), 100));
  REQUIRE(directory.create("log/" + segment_name(200), 100));
  segmented_log gap{directory, "log", 100};
  CHECK(code_of(gap.load().error()) == errc::store_corrupt);
  REQUIRE(directory.remove("log/" + segment_name(200)));
  REQUIRE(directory.create("log/" + segment_name(100), 0));
  segmented_log log{directory, "log", 100};
  REQUIRE(log.load());
  CHECK(log.capacity().value == 100);
  segmented_log other{directory, "log", 50};
  auto refused = other.load();
  REQUIRE_FALSE(refused);
  CHECK(sentence(refused.error()).find("mappedFileSizeCommitLog") != std::string::npos);
}

TEST_CASE("segmented_log: a reader keeps the file that retention removes under it") {
  memory_directory directory;
  segmented_log log{directory, "log", 100};
  for (int i = 0; i < 3; ++i)
    REQUIRE(log.add_segment());
  std::vector<std::uint8_t> bytes(4, 7);
  REQUIRE(log.write({10}, bytes));
  auto reading = log.read({10});
  REQUIRE(log.remove_oldest(2));
  CHECK(reading.bytes[3] == 7);
  CHECK(log.read({10}).bytes.empty());
  CHECK(log.begin().value == 200);
}

TEST_CASE("segmented_log: the files that hold a range, none when the range is empty") {
  memory_directory directory;
  segmented_log log{directory, "log", 100};
  for (int i = 0; i < 3; ++i)
    REQUIRE(log.add_segment());
  CHECK(log.files_between({50}, {50}).empty());
  CHECK(log.files_between({50}, {100}).size() == 1);
  CHECK(log.files_between({50}, {101}).size() == 2);
  CHECK(log.flusher_files_between({50}, {50}).empty());
  CHECK(log.flusher_files_between({0}, {300}).size() == 3);
}

TEST_CASE(
  "segmented_log: what is synced holds no descriptor for the flusher, but the newest file") {
  memory_directory directory;
  segmented_log log{directory, "log", 100};
  for (int i = 0; i < 3; ++i)
    REQUIRE(log.add_segment());
  log.release_flusher_files({199});
  CHECK(log.flusher_files_between({0}, {300}).size() == 2);
  log.release_flusher_files({300});
  CHECK(log.flusher_files_between({0}, {300}).size() == 1);
  CHECK(log.files_between({0}, {300}).size() == 3);
}

TEST_CASE("store_checkpoint: keeps its three times, and is safe three seconds before the least") {
  memory_directory directory;
  CHECK(load_checkpoint(directory)->log_time == 0);
  auto file = write_checkpoint(directory, nullptr, {50'000, 40'000, 30'000});
  REQUIRE(file);
  auto loaded = load_checkpoint(directory);
  REQUIRE(loaded);
  CHECK(loaded->safe_time(true) == 27'000);
  CHECK(loaded->safe_time(false) == 37'000);
  CHECK(store_checkpoint{1, 1, 1}.safe_time(true) == 0);
}

TEST_CASE("store_contents: the tags code of a delayed message is the time when it is due") {
  record_view record;
  record.topic = "SCHEDULE_TOPIC_XXXX";
  record.store_timestamp = 1000;
  using namespace std::literals;
  record.properties = "TAGS\x01"
                      "a\x02"
                      "DELAY\x01"
                      "3\x02"sv;
  CHECK(unit_tags_code(record) == 11'000);
  record.properties = "DELAY\x01"
                      "99\x02"sv;
  CHECK(unit_tags_code(record) == 1000 + 7'200'000);
  record.topic = "orders";
  record.properties = "TAGS\x01"
                      "a\x02"sv;
  CHECK(unit_tags_code(record) == java_hash("a"));
}
