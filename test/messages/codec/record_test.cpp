#include <doctest/doctest.h>
#include <string>

#include "messages/codec/big_endian.hpp"
#include "messages/codec/crc32.hpp"
#include "messages/codec/java_hash.hpp"
#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"

using namespace cafmq;

namespace {

std::vector<std::uint8_t> one_draft(std::string_view body, std::string_view topic = "orders") {
  std::vector<std::uint8_t> properties;
  append_property(properties, "TAGS", "paid");
  append_property(properties, "KEYS", "k1 k2");
  std::vector<std::uint8_t> out;
  draft d;
  d.topic = topic;
  d.flag = 7;
  d.born_timestamp = 1234567890123;
  d.born_address = 0x7F000001;
  d.body = body;
  d.properties = {reinterpret_cast<const char*>(properties.data()), properties.size()};
  encode_draft(out, d);
  CHECK(out.size() == draft_size(d));
  return out;
}

} // namespace

TEST_CASE("record: a stamped draft reads back field by field") {
  auto bytes = one_draft("hello");
  REQUIRE(validate_drafts(bytes, "orders", 1, {}));
  CHECK(stamp_record(bytes, {{3}, {42}, {4096}, 99, 0x0A000001, 10911})
        == static_cast<std::int32_t>(bytes.size()));
  auto checked = check_record(bytes, body_check::crc);
  REQUIRE(checked.kind == record_kind::valid);
  const auto& r = checked.record;
  CHECK(r.queue.value == 3);
  CHECK(r.flag == 7);
  CHECK(r.offset.value == 42);
  CHECK(r.position.value == 4096);
  CHECK(r.born_timestamp == 1234567890123);
  CHECK(r.store_timestamp == 99);
  CHECK(r.store_host.port == 10911);
  CHECK(r.store_host.address[0] == 10);
  CHECK(r.body == "hello");
  CHECK(r.topic == "orders");
  CHECK(find_property(r.properties, "KEYS") == "k1 k2");
  CHECK(tags_code(r.properties) == java_hash("paid"));
}

TEST_CASE("record: every truncation of a record is invalid") {
  auto bytes = one_draft("some body");
  for (std::size_t length = 0; length < bytes.size(); ++length)
    CHECK(check_record(std::span{bytes}.first(length)).kind == record_kind::invalid);
}

TEST_CASE("record: one whose properties end in zeros, with nothing behind, is torn") {
  auto bytes = one_draft("some body");
  auto size = bytes.size();
  bytes.resize(size + 100);
  auto torn = [&] {
    auto checked = check_record(bytes);
    REQUIRE(checked.kind == record_kind::valid);
    return is_torn(checked.record, std::span{bytes}.subspan(size));
  };
  CHECK_FALSE(torn());
  bytes[size - 1] = 0;
  CHECK(torn());
  bytes[size + 50] = 1; // something was written behind it later
  CHECK_FALSE(torn());
  draft d;
  d.topic = "t";
  bytes.clear();
  encode_draft(bytes, d);
  CHECK_FALSE(is_torn(check_record(bytes).record, {}));
}

TEST_CASE("record: a flipped bit in the body is found by its CRC, in a length by the structure") {
  auto bytes = one_draft("some body");
  stamp_record(bytes, {});
  auto damaged = bytes;
  damaged[88 + 2] ^= 1;
  CHECK(check_record(damaged, body_check::skip).kind == record_kind::valid);
  CHECK(check_record(damaged, body_check::crc).kind == record_kind::invalid);
  for (std::size_t at : {84, 85, 86, 87}) { // the body length
    damaged = bytes;
    damaged[at] ^= 0x80;
    CHECK(check_record(damaged).kind == record_kind::invalid);
  }
}

TEST_CASE("record: zeros, a blank and a foreign magic are told apart") {
  std::vector<std::uint8_t> bytes(64);
  CHECK(check_record(bytes).kind == record_kind::invalid);
  write_blank(bytes, 64);
  CHECK(check_record(bytes).kind == record_kind::blank);
  CHECK(check_record(bytes).size == 64);
  store_big_endian(bytes.data() + 4, std::int32_t{12345});
  CHECK(check_record(bytes).kind == record_kind::invalid);
}

TEST_CASE("record: a topic of more than 127 bytes is written as V2") {
  std::string topic = "%RETRY%" + std::string(150, 'g');
  auto bytes = one_draft("x", topic);
  auto checked = check_record(bytes);
  REQUIRE(checked.kind == record_kind::valid);
  CHECK(checked.record.magic == record_magic_v2);
  CHECK(checked.record.topic == topic);
}

TEST_CASE("M9: one byte below the body limit passes, one above is refused") {
  std::string body(101, 'b');
  CHECK(validate_drafts(one_draft(body.substr(1)), "orders", 1, {.body_bytes_max = 100}));
  auto refused = validate_drafts(one_draft(body), "orders", 1, {.body_bytes_max = 100});
  REQUIRE_FALSE(refused);
  CHECK(code_of(refused.error()) == errc::message_illegal);
}

TEST_CASE("record: a batch with a foreign topic, count or transaction bit is refused") {
  auto bytes = one_draft("x");
  CHECK_FALSE(validate_drafts(bytes, "order", 1, {}));
  CHECK_FALSE(validate_drafts(bytes, "orders", 2, {}));
  CHECK_FALSE(validate_drafts({}, "orders", 0, {}));
  for (auto flag : {sys_flag::transaction_prepared, sys_flag::transaction_rollback,
                    sys_flag::need_unwrap, sys_flag::inner_batch}) {
    store_big_endian(bytes.data() + 36, flag);
    CHECK_FALSE(validate_drafts(bytes, "orders", 1, {}));
  }
  store_big_endian(bytes.data() + 36, 0);
  CHECK(validate_drafts(bytes, "orders", 1, {}));
  store_big_endian(bytes.data() + 76, std::int64_t{1}); // a prepared transaction offset
  CHECK_FALSE(validate_drafts(bytes, "orders", 1, {}));
}

TEST_CASE("record: a length that lies, in either direction and anywhere, is found") {
  auto good = one_draft("body");
  auto at_topic_length = good.size() - (1 + 6 + 2 + 21);
  REQUIRE(good[at_topic_length] == 6);
  auto at_properties_length = at_topic_length + 7;
  REQUIRE(load_big_endian<std::int16_t>(&good[at_properties_length]) == 21);
  good.resize(good.size() + 64); // what follows in the log must not be taken for a part of it
  for (int wrong : {-128, -1, 0, 5, 7, 127}) {
    auto bytes = good;
    bytes[at_topic_length] = static_cast<std::uint8_t>(wrong);
    CHECK(check_record(bytes).kind == record_kind::invalid);
  }
  for (int wrong : {-32768, -1, 0, 20, 22, 32767}) {
    auto bytes = good;
    store_big_endian(&bytes[at_properties_length], static_cast<std::int16_t>(wrong));
    CHECK(check_record(bytes).kind == record_kind::invalid);
  }
  for (std::int32_t wrong : {INT32_MIN, -1, 0, 3, 5, INT32_MAX}) {
    auto bytes = good;
    store_big_endian(&bytes[84], wrong); // the body length
    CHECK(check_record(bytes).kind == record_kind::invalid);
  }
  auto size = load_big_endian<std::int32_t>(good.data());
  for (std::int32_t wrong : {INT32_MIN, -1, 0, 4, 8, 91, size - 1, size + 1, INT32_MAX}) {
    auto bytes = good;
    store_big_endian(bytes.data(), wrong);
    CHECK(check_record(bytes).kind == record_kind::invalid);
  }
}

TEST_CASE("record: IPv6 hosts are read, one by one") {
  for (std::int32_t flags : {0, sys_flag::born_host_v6, sys_flag::store_host_v6,
                             sys_flag::born_host_v6 | sys_flag::store_host_v6}) {
    auto bytes = one_draft("body");
    auto widen = [&](std::size_t at) { bytes.insert(bytes.begin() + at, 12, 0xFD); };
    if ((flags & sys_flag::store_host_v6) != 0) widen(64);
    if ((flags & sys_flag::born_host_v6) != 0) widen(48);
    store_big_endian(bytes.data(), static_cast<std::int32_t>(bytes.size()));
    CHECK((check_record(bytes).kind == record_kind::valid) == (flags == 0));
    store_big_endian(bytes.data() + 36, flags);
    auto checked = check_record(bytes);
    REQUIRE(checked.kind == record_kind::valid);
    CHECK(checked.record.body == "body");
    CHECK(checked.record.born_host.address.size()
          == ((flags & sys_flag::born_host_v6) != 0 ? 16u : 4u));
    CHECK(checked.record.store_host.address.size()
          == ((flags & sys_flag::store_host_v6) != 0 ? 16u : 4u));
    // A producer may have an IPv6 address, the stamp writes an IPv4 one.
    bool storable = (flags & sys_flag::store_host_v6) == 0;
    CHECK(static_cast<bool>(validate_drafts(bytes, "orders", 1, {})) == storable);
    if (!storable) continue;
    stamp_record(bytes, {{3}, {42}, {4096}, 99, 0x0A000001, 10911});
    auto stamped = check_record(bytes, body_check::crc);
    REQUIRE(stamped.kind == record_kind::valid);
    CHECK(stamped.record.store_timestamp == 99);
    CHECK(stamped.record.store_host.port == 10911);
  }
}

TEST_CASE("record: properties and bodies of every size at their limits survive") {
  for (std::size_t bytes : {std::size_t{0}, std::size_t{1}, properties_bytes_max}) {
    std::string text(bytes, 'p');
    std::vector<std::uint8_t> out;
    draft d;
    d.topic = "t";
    d.properties = text;
    encode_draft(out, d);
    stamp_record(out, {});
    auto checked = check_record(out, body_check::crc);
    REQUIRE(checked.kind == record_kind::valid);
    CHECK(checked.record.properties == text);
    CHECK(checked.record.body.empty());
    CHECK(checked.record.body_crc == 0);
  }
}

TEST_CASE("record: a block of records is visited in order") {
  auto block = one_draft("a");
  auto second = one_draft("bb");
  block.insert(block.end(), second.begin(), second.end());
  std::vector<std::string> bodies;
  CHECK(for_each_record(block, [&](const record_view& r) { bodies.emplace_back(r.body); }));
  CHECK(bodies == std::vector<std::string>{"a", "bb"});
  block.pop_back();
  CHECK_FALSE(for_each_record(block, [](const record_view&) {}));
}

TEST_CASE("java_hash: agrees with Java, surrogates included") {
  CHECK(java_hash("") == 0);
  CHECK(java_hash("Aa") == java_hash("BB"));
  CHECK(java_hash("hello") == 99162322);
  CHECK(java_hash("\xE9\x94\xAE") == 0x952E);                   // one unit
  CHECK(java_hash("\xF0\x9F\x98\x80") == 31 * 0xD83D + 0xDE00); // two units
  CHECK(java_hash("world", java_hash("hello ")) == java_hash("hello world") - 0);
  CHECK(index_hash(INT32_MIN) == 0);
  CHECK(index_hash(-5) == 5);
}

TEST_CASE("crc32: is zlib's, masked, and 0 for nothing") {
  std::string_view text = "123456789";
  std::span bytes{reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
  CHECK(crc32(bytes) == 0xCBF43926u);
  CHECK(masked_crc32(bytes) == 0x4BF43926);
  CHECK(masked_crc32({}) == 0);
}

TEST_CASE(
  "properties: both block forms are read, malformed pieces ignored, a later duplicate wins") {
  using namespace std::literals;
  CHECK(parse_properties("a\x01"
                         "1\x02"
                         "b\x01"
                         "2"sv)
          .size()
        == 2);
  CHECK(parse_properties("a\x01"
                         "1\x02"
                         "b\x01"
                         "2\x02"sv)
          .size()
        == 2);
  CHECK(parse_properties("a\x01\x02\x01z\x02nothing\x02"
                         "k\x01v"sv)
        == property_map{{"k", "v"}});
  CHECK(find_property("a\x01"
                      "1\x02"
                      "a\x01"
                      "2\x02"sv,
                      "a")
        == "2");
  CHECK_FALSE(is_storable_property("a", ""));
  CHECK_FALSE(is_storable_property("a", "x\x02y"));
  CHECK(is_storable_property("a", "x"));
}
