#include <doctest/doctest.h>

#include "actors/client/stored_records.hpp"
#include "messages/batch_messages.hpp"
#include "messages/codec/compression.hpp"

using namespace cafmq;

namespace {

consume_batch batch_of(byte_block records) {
  consume_batch batch;
  batch.queue = {{"orders"}, {"broker-a"}, {0}};
  batch.end = static_cast<std::uint32_t>(records.size());
  batch.records = std::move(records);
  return batch;
}

struct walk {
  std::vector<std::int64_t> offsets;
  bool whole = false;
};

walk walk_through(const consume_batch& batch, std::size_t enough = 100) {
  walk result;
  result.whole = for_each_message(batch, [&](const received_message& message) {
    result.offsets.push_back(message.queue_offset());
    return result.offsets.size() < enough;
  });
  return result;
}

using offsets = std::vector<std::int64_t>;

} // namespace

TEST_CASE("C9 batch_messages: other tags with the same hash are passed over") {
  auto batch = batch_of(test::records_of({{0, "Aa"}, {1, "BB"}, {2, ""}, {3, "Aa"}}));
  CHECK(walk_through(batch).offsets == offsets{0, 1, 2, 3});
  batch.tags = {"Aa"};
  CHECK(walk_through(batch).offsets == offsets{0, 3});
  batch.tags = {"Aa", "BB"};
  CHECK(walk_through(batch).offsets == offsets{0, 1, 3});
  batch.tags = {"none"};
  CHECK(walk_through(batch).offsets.empty());
}

TEST_CASE("batch_messages: a compressed body comes as the producer gave it") {
  const std::string body(10'000, 'z');
  auto packed = compress(body, compression::zlib, 5);
  REQUIRE(packed);
  std::vector<std::uint8_t> bytes;
  draft d;
  d.topic = "orders";
  d.sys_flag = compression_flags(compression::zlib);
  d.body = *packed;
  encode_draft(bytes, d);
  stamp_record(bytes, record_stamp{});
  std::vector<std::string> bodies;
  for_each_message(batch_of(byte_block{std::move(bytes)}), [&](const received_message& message) {
    bodies.emplace_back(message.body());
    return true;
  });
  CHECK(bodies == std::vector<std::string>{body});
}

TEST_CASE("batch_messages: the first message of a batch knows how often it has failed") {
  auto batch = batch_of(test::records_between(0, 1));
  batch.reconsume_times = 3;
  std::vector<std::int32_t> times;
  for_each_message(batch, [&](const received_message& message) {
    times.push_back(message.reconsume_times());
    return true;
  });
  CHECK(times == std::vector<std::int32_t>{3, 0});
}

TEST_CASE("batch_messages: ends when the visitor has enough, or at a damaged record and says so") {
  auto batch = batch_of(test::records_between(0, 6));
  CHECK(walk_through(batch).whole);
  auto early = walk_through(batch, 3);
  CHECK(early.whole);
  CHECK(early.offsets == offsets{0, 1, 2});
  --batch.end;
  auto damaged = walk_through(batch);
  CHECK_FALSE(damaged.whole);
  CHECK(damaged.offsets == offsets{0, 1, 2, 3, 4, 5});
}
