#include <doctest/doctest.h>

#include "messages/codec/compression.hpp"
#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"
#include "messages/received_message.hpp"

using namespace cafmq;

namespace {

byte_block block_of(std::string_view body, std::int32_t flags, std::string_view topic = "orders") {
  std::vector<std::uint8_t> properties;
  append_property(properties, "TAGS", "paid");
  append_property(properties, "UNIQ_KEY", "0123456789ABCDEF0123456789ABCDEF");
  append_property(properties, "RETRY_TOPIC", "orders");
  std::vector<std::uint8_t> bytes(5); // not at the front of its block
  draft d;
  d.topic = topic;
  d.sys_flag = flags;
  d.born_address = 0x7F000001;
  d.body = body;
  d.reconsume_times = 1;
  d.properties = {reinterpret_cast<const char*>(properties.data()), properties.size()};
  encode_draft(bytes, d);
  stamp_record(std::span{bytes}.subspan(5), {{2}, {9}, {4096}, 77, 0x7F000001, 10911});
  return byte_block{std::move(bytes)};
}

} // namespace

TEST_CASE("received_message: shows the record without copying it") {
  auto block = block_of("hello", 0);
  received_message m{block, 5, std::make_shared<const std::string>("broker-a")};
  CHECK(m.body() == "hello");
  CHECK(m.body().data() >= reinterpret_cast<const char*>(block.data()));
  CHECK(m.topic() == "orders");
  CHECK(m.tags() == "paid");
  CHECK(m.keys().empty());
  CHECK(m.msg_id() == "0123456789ABCDEF0123456789ABCDEF");
  CHECK(m.offset_msg_id() == "7F00000100002A9F0000000000001000");
  CHECK(m.born_host() == "127.0.0.1");
  CHECK(m.broker() == "broker-a");
  CHECK(m.queue_id() == 2);
  CHECK(m.queue_offset() == 9);
  CHECK(m.commit_log_offset() == 4096);
  CHECK(m.store_timestamp() == 77);
  CHECK(m.reconsume_times() == 1);
  m.set_reconsume_times(3);
  CHECK(m.reconsume_times() == 3);
  CHECK(m.properties().size() == 3);
}

TEST_CASE("received_message: unpacks a compressed body once, and says so when it cannot") {
  std::string body(10'000, 'z');
  auto packed = compress(body, compression::zlib, 5);
  REQUIRE(packed);
  received_message m{block_of(*packed, compression_flags(compression::zlib)), 5, nullptr};
  CHECK(m.body() == body);
  CHECK(m.body().data() == m.body().data());
  CHECK(m.body_problem().empty());
  received_message damaged{block_of("no zlib stream", sys_flag::compressed), 5, nullptr};
  CHECK(damaged.body().empty());
  CHECK_FALSE(damaged.body_problem().empty());
}

TEST_CASE("received_message: a redelivered message shows its original topic") {
  received_message m{block_of("x", 0, "%RETRY%billing"), 5, nullptr};
  CHECK(m.topic() == "orders");
}
