#include <doctest/doctest.h>

#include "actors/client/message_encoder.hpp"
#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"

using namespace cafmq;

namespace {

message_encoder encoder_with(producer_config config = {}) {
  return {config, 0x7F000001, unique_key_source{0x7F000001, 1, 1, 0}};
}

errc refusal(const caf::expected<outgoing_run>& encoded) {
  return encoded ? errc::none : code_of(encoded.error());
}

} // namespace

TEST_CASE("message_encoder: a message becomes a draft with a unique key") {
  auto encoder = encoder_with();
  message m{{"orders"}, "hello"};
  m.set("TAGS", "paid");
  m.set("WAIT", "false");
  auto send = encoder.encode(m, 1000);
  REQUIRE(send);
  REQUIRE(send->sends.size() == 1);
  CHECK_FALSE(send->sends[0].wait_store);
  CHECK(send->sends[0].count == 1);
  CHECK(send->sends[0].bytes == send->drafts.size());
  auto checked = check_record(send->drafts);
  REQUIRE(checked.kind == record_kind::valid);
  CHECK(checked.record.body == "hello");
  CHECK(checked.record.born_timestamp == 1000);
  CHECK(find_property(checked.record.properties, "TAGS") == "paid");
  CHECK(find_property(checked.record.properties, "UNIQ_KEY").size() == 32);
}

TEST_CASE(
  "message_encoder: bodies over 4 KiB are compressed, and sent plain when that does not help") {
  auto encoder = encoder_with();
  auto large = encoder.encode(message{{"orders"}, std::string(4097, 'x')}, 0);
  REQUIRE(large);
  CHECK(check_record(large->drafts).record.sys_flag == compression_flags(compression::zlib));
  CHECK(large->drafts.size() < 400);
  auto small = encoder.encode(message{{"orders"}, std::string(4096, 'x')}, 0);
  CHECK(check_record(small->drafts).record.sys_flag == 0);
  std::string noise;
  std::uint32_t state = 1;
  for (int i = 0; i < 5000; ++i)
    noise += static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
  CHECK(check_record(encoder.encode(message{{"orders"}, noise}, 0)->drafts).record.sys_flag == 0);
}

TEST_CASE("M9: one byte below each limit passes, one above is refused") {
  auto encoder =
    encoder_with({.compress_msg_body_over_howmuch = INT32_MAX, .max_message_size = 1000});
  CHECK(refusal(encoder.encode(message{{"orders"}, std::string(1000, 'x')}, 0)) == errc::none);
  CHECK(refusal(encoder.encode(message{{"orders"}, std::string(1001, 'x')}, 0))
        == errc::message_illegal);
  CHECK(refusal(encoder.encode(message{{"orders"}, ""}, 0)) == errc::message_illegal);
  CHECK(refusal(encoder.encode(message{{std::string(127, 't')}, "x"}, 0)) == errc::none);
  CHECK(refusal(encoder.encode(message{{std::string(128, 't')}, "x"}, 0))
        == errc::invalid_parameter);
  CHECK(refusal(encoder.encode(message{{"or ders"}, "x"}, 0)) == errc::invalid_parameter);
  CHECK(check_group_name(std::string(120, 'g')));
  CHECK_FALSE(check_group_name(std::string(121, 'g')));
  // UNIQ_KEY takes 8 + 32 + 2 bytes of the block, the property's name and separators 3 more.
  message m{{"orders"}, "x"};
  m.set("p", std::string(properties_bytes_max - 42 - 3, 'v'));
  CHECK(refusal(encoder.encode(m, 0)) == errc::none);
  m.set("p", std::string(properties_bytes_max - 42 - 2, 'v'));
  CHECK(refusal(encoder.encode(m, 0)) == errc::message_illegal);
  m.set("p", "a\x01"
             "b");
  CHECK(refusal(encoder.encode(m, 0)) == errc::message_illegal);
}

TEST_CASE("message_encoder: a batch has one topic, one WAIT flag, no delay, no retry topic, and a "
          "size limit") {
  auto encoder = encoder_with({.max_message_size = 1000});
  auto batch_of = [&](std::vector<message> batch) {
    return refusal(encoder.encode(std::span<const message>{batch}, 0));
  };
  message plain{{"orders"}, "x"};
  CHECK(batch_of({plain, plain}) == errc::none);
  CHECK(batch_of({}) == errc::message_illegal);
  CHECK(batch_of({plain, message{{"other"}, "x"}}) == errc::message_illegal);
  auto unwaited = plain;
  unwaited.set("WAIT", "false");
  CHECK(batch_of({plain, unwaited}) == errc::message_illegal);
  auto delayed = plain;
  delayed.set("DELAY", "3");
  CHECK(batch_of({delayed}) == errc::message_illegal);
  CHECK(batch_of({message{{"%RETRY%g"}, "x"}}) == errc::message_illegal);
  CHECK(batch_of(
          {message{{"orders"}, std::string(600, 'x')}, message{{"orders"}, std::string(600, 'x')}})
        == errc::message_illegal);
}

TEST_CASE("message_encoder: a message keeps the unique key that it brings") {
  auto encoder = encoder_with();
  message m{{"orders"}, "x"};
  m.set("UNIQ_KEY", std::string(32, 'K'));
  auto send = encoder.encode(m, 0);
  REQUIRE(send);
  CHECK(find_property(check_record(send->drafts).record.properties, "UNIQ_KEY")
        == std::string(32, 'K'));
}

TEST_CASE("message_encoder: nothing is sent under a group name that brokers refuse") {
  auto encoder = encoder_with({.producer_group = "no spaces"});
  CHECK(refusal(encoder.encode(message{{"orders"}, "x"}, 0)) == errc::invalid_parameter);
}

TEST_CASE("message_encoder: each compression can be chosen, and no other") {
  for (auto [name, kind] :
       {std::pair{"ZLIB", compression::zlib}, std::pair{"LZ4", compression::lz4},
        std::pair{"ZSTD", compression::zstd}}) {
    auto encoder = encoder_with({.compress_type = name});
    auto send = encoder.encode(message{{"orders"}, std::string(10'000, 'x')}, 0);
    REQUIRE(send);
    auto record = check_record(send->drafts).record;
    CHECK(record.sys_flag == compression_flags(kind));
    auto body = decompress(record.body, record.sys_flag, 10'000);
    REQUIRE(body);
    CHECK(*body == std::string(10'000, 'x'));
  }
  CHECK_FALSE(parse_compression("GZIP"));
}
