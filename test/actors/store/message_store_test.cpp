#include <doctest/doctest.h>

#include "actors/store/message_store.hpp"
#include "runtime/storage/file_directory.hpp"
#include "runtime/storage/memory_directory.hpp"
#include "support/child_process.hpp"
#include "support/store_stage.hpp"

using namespace cafmq;

using cafmq::test::batch_of;
using cafmq::test::numbered;
using fixture = cafmq::test::store_stage<memory_directory>;

TEST_CASE_FIXTURE(fixture,
                  "message_store: what is published can be read, in the order of its queue") {
  for (int i = 0; i < 100; ++i)
    send(batch_of("orders", i % 2, {"body " + std::to_string(i)}));
  CHECK(store->view()->bounds({{"orders"}, {0}}).max.value == 50);
  auto even = bodies("orders", 0);
  REQUIRE(even.size() == 50);
  CHECK(even[1] == "body 2");
  CHECK(even[49] == "body 98");
  CHECK(bodies("orders", 1, 40).size() == 10);
}

TEST_CASE_FIXTURE(fixture,
                  "L1: records are contiguous, at their positions, and segments end with a blank") {
  for (int i = 0; i < 200; ++i)
    send(batch_of("orders", 0, numbered(i, i + 1 + i % 5)));
  auto position = store->begin();
  int records = 0;
  segmented_log log{directory, "commitlog", config.mapped_file_size_commit_log};
  REQUIRE(log.load());
  while (position < store->end()) {
    auto reading = log.read(position);
    auto checked = check_record(reading.bytes, body_check::crc);
    if (checked.kind == record_kind::blank) {
      CHECK(static_cast<std::size_t>(checked.size) == reading.bytes.size());
      position = position + checked.size;
      continue;
    }
    REQUIRE(checked.kind == record_kind::valid);
    CHECK(checked.record.position == position);
    position = position + checked.size;
    ++records;
  }
  CHECK(records == 600);
  CHECK(log.segment_count() > 10);
}

TEST_CASE_FIXTURE(fixture, "L6: a restart after a clean stop changes nothing") {
  for (int i = 0; i < 50; ++i)
    send(batch_of("orders", i % 3, {"body " + std::to_string(i)}));
  auto end = store->end();
  auto before = bodies("orders", 1);
  REQUIRE(store->close());
  open();
  CHECK(store->recovered().records == 0);
  CHECK(store->end() == end);
  CHECK(bodies("orders", 1) == before);
  CHECK(send(batch_of("orders", 1, {"next"})).first_offset.value == 17);
}

TEST_CASE_FIXTURE(
  fixture,
  "D2: after a crash of the process everything acknowledged is there, at the same offsets") {
  std::vector<send_receipt> receipts;
  for (int i = 0; i < 80; ++i)
    receipts.push_back(send(batch_of("orders", 0, {"body " + std::to_string(i)})));
  open(); // the former one is gone without a close: its memory is lost, its files are not
  CHECK(bodies("orders", 0) == numbered(0, 80));
  auto found = store->view()->view_message(receipts[40].first_position);
  REQUIRE(found);
  CHECK(check_record(found->records.span()).record.body == "body 40");
}

TEST_CASE_FIXTURE(fixture, "L4: queues, index and checkpoint can be made again from the log") {
  for (int i = 0; i < 80; ++i)
    send(batch_of("orders", i % 2, {"body " + std::to_string(i)}));
  auto before = bodies("orders", 1);
  for (const auto* part : {"consumequeue", "index", "checkpoint"})
    REQUIRE(directory.remove(part));
  open();
  CHECK(store->recovered().records == 80);
  CHECK(bodies("orders", 1) == before);
  // "key-body 42" is two keys.
  const auto found = store->view()->query({{"orders"}, "42", 10, 0, INT64_MAX});
  REQUIRE(found);
  REQUIRE(found->count == 1);
  CHECK(check_record(found->records.span()).record.body == "body 42");
}

TEST_CASE_FIXTURE(fixture,
                  "L12: a message is found by its keys, also across index files and restarts") {
  for (int i = 0; i < 200; ++i)
    send(batch_of("orders", 0, {"b" + std::to_string(i)}));
  auto find = [&](const std::string& key) {
    auto found = store->view()->query({{"orders"}, key, 10, 0, INT64_MAX});
    REQUIRE(found);
    std::vector<std::string> matching;
    for_each_record(found->records.span(), [&](const record_view& r) {
      if (find_property(r.properties, "KEYS") == key) matching.emplace_back(r.body);
    });
    return matching;
  };
  for (int i : {0, 50, 199})
    CHECK(find("key-b" + std::to_string(i)) == std::vector<std::string>{"b" + std::to_string(i)});
  open(); // after a crash
  for (int i : {0, 50, 120, 199})
    CHECK(find("key-b" + std::to_string(i)).size() == 1);
  REQUIRE(store->close());
  open();
  for (int i : {0, 50, 120, 199})
    CHECK(find("key-b" + std::to_string(i)).size() == 1);
}

TEST_CASE_FIXTURE(fixture, "L13: the offset for a time") {
  for (int i = 0; i < 20; ++i) {
    send(batch_of("orders", 0, {"x"}));
    now += 9; // each 10 ms after the one before
  }
  wall_time_ms first = 1'700'000'000'000;
  auto lower = [&](wall_time_ms t) {
    return store->view()->search({{"orders"}, {0}}, t, time_boundary::lower).value;
  };
  auto upper = [&](wall_time_ms t) {
    return store->view()->search({{"orders"}, {0}}, t, time_boundary::upper).value;
  };
  CHECK(lower(first - 5) == 0);
  CHECK(lower(first + 100) == 10);
  CHECK(lower(first + 101) == 11);
  CHECK(lower(first + 10'000) == 20);
  CHECK(upper(first + 100) == 10);
  CHECK(upper(first + 109) == 10);
  CHECK(upper(first - 5) == 0);
  CHECK(upper(first + 10'000) == 19);
}

TEST_CASE_FIXTURE(fixture,
                  "L9: retention removes oldest segments only; the queue keeps its maximum") {
  for (int i = 0; i < 200; ++i)
    send(batch_of("orders", 0, {"body " + std::to_string(i)}));
  auto max = store->view()->bounds({{"orders"}, {0}}).max;
  config.file_reserved_time = std::chrono::hours{0};
  REQUIRE(store->close());
  open();
  REQUIRE(store->clean(now + 1'000'000'000'000, 4));
  CHECK(store->begin().value > 0);
  auto bounds = store->view()->bounds({{"orders"}, {0}});
  CHECK(bounds.max == max);
  CHECK(bounds.min.value > 0);
  pull_messages pull{{"g"}, {"c"}, {"orders"}, {0}, {0}, 32, 1 << 20, {}, {}};
  auto refused = store->view()->read(pull);
  REQUIRE(refused);
  CHECK(refused->status == pull_status::offset_illegal);
  CHECK(refused->next == bounds.min);
  auto kept = bodies("orders", 0, bounds.min.value);
  CHECK(kept.back() == "body 199");
  CHECK(static_cast<std::int64_t>(kept.size()) == bounds.max - bounds.min);
}

TEST_CASE_FIXTURE(
  fixture, "C9: the tag filter passes wanted hashes only, and moves on over the others (C11)") {
  for (int i = 0; i < 30; ++i)
    send(batch_of("orders", 0, {"m" + std::to_string(i)}, i % 3 == 0 ? "Aa" : "other"));
  tag_filter filter;
  filter.codes = {2112}; // of Aa, and of BB
  CHECK(bodies("orders", 0, 0, filter).size() == 10);
}

TEST_CASE_FIXTURE(fixture, "message_store: a message larger than a pull may bring comes alone") {
  send(batch_of("orders", 0, {"small"}));
  send(batch_of("orders", 0, {std::string(1'000, 'x')}));
  send(batch_of("orders", 0, {"small"}));
  pull_messages pull;
  pull.topic = {"orders"};
  pull.queue = {0};
  pull.bytes_max = 1'000;
  for (std::int64_t n : {0, 1, 2}) {
    pull.from = {n};
    auto answer = store->view()->read(pull);
    REQUIRE(answer);
    CHECK(answer->count == 1);
    CHECK(answer->next.value == n + 1);
  }
}

TEST_CASE(
  "message_store: works on a disk as in memory, and is locked against a second broker (L14)") {
  ::test::temporary_directory place;
  const auto config = fixture{}.config;
  {
    file_directory directory{place / "store"};
    auto store = message_store::open(directory, config, {0x7F000001, 10911}, "1", 1000);
    REQUIRE(store);
    for (int i = 0; i < 100; ++i) {
      REQUIRE((*store)->append(batch_of("orders", 0, {"body " + std::to_string(i)}), 1000));
      REQUIRE((*store)->commit());
      REQUIRE((*store)->sync());
      (*store)->publish(1000);
    }
    file_directory again{place / "store"};
    auto second = message_store::open(again, config, {}, "2", 1000);
    REQUIRE_FALSE(second);
    CHECK(code_of(second.error()) == errc::store_locked);
    REQUIRE((*store)->close());
  }
  file_directory directory{place / "store"};
  auto store = message_store::open(directory, config, {0x7F000001, 10911}, "1", 1000);
  REQUIRE(store);
  CHECK((*store)->view()->bounds({{"orders"}, {0}}).max.value == 100);
  CHECK((*store)->append(batch_of("orders", 0, {"next"}), 1000)->first_offset.value == 100);
}
