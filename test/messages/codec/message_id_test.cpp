#include <doctest/doctest.h>

#include "messages/codec/message_id.hpp"

using namespace cafmq;

TEST_CASE("message_id: an offset id holds address, port and position") {
  auto id = offset_message_id(0x7F000001, 20911, {2283});
  CHECK(id == "7F000001000051AF00000000000008EB"); // as Apache's broker wrote it
  auto location = parse_offset_message_id(id);
  REQUIRE(location);
  CHECK(location->host == "127.0.0.1");
  CHECK(location->port == 20911);
  CHECK(location->position.value == 2283);
  CHECK_FALSE(parse_offset_message_id("7F0000"));
  CHECK_FALSE(parse_offset_message_id("7F000001000051AF00000000000008EX"));
  auto v6 = parse_offset_message_id("FD0000000000000000000000000000020000000F0000000000000001");
  REQUIRE(v6);
  CHECK(v6->host == "fd00:0:0:0:0:0:0:2");
  CHECK(v6->port == 15);
}

TEST_CASE("message_id: unique keys differ by counter, time, process and instance") {
  unique_key_source keys{0x7F000001, 0x12345, 7, 1000};
  CHECK(keys.next(1016) == "7F000001234500000007000000100000");
  CHECK(keys.next(1016) == "7F000001234500000007000000100001");
  CHECK(keys.next(1017) == "7F000001234500000007000000110002");
}

TEST_CASE("message_id: only dotted IPv4 addresses are read") {
  std::uint32_t address = 0;
  CHECK(parse_ipv4("10.0.255.1", address));
  CHECK(address == 0x0A00FF01);
  for (auto text : {"", "1.2.3", "1.2.3.4.5", "1.2.3.256", "1.2.3.x", "localhost"})
    CHECK_FALSE(parse_ipv4(text, address));
}
