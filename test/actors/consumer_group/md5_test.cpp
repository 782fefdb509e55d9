#include <doctest/doctest.h>
#include <string>

#include "actors/consumer_group/md5.hpp"

namespace cafmq {
namespace {

std::string hex(std::string_view text) {
  std::string result;
  for (auto byte : md5(text)) {
    constexpr const char* digits = "0123456789abcdef";
    result += digits[byte >> 4];
    result += digits[byte & 15];
  }
  return result;
}

TEST_CASE("md5: the test suite of RFC 1321") {
  CHECK(hex("") == "d41d8cd98f00b204e9800998ecf8427e");
  CHECK(hex("a") == "0cc175b9c0f1b6a831c399e269772661");
  CHECK(hex("abc") == "900150983cd24fb0d6963f7d28e17f72");
  CHECK(hex("message digest") == "f96b697d7cb7938d525a2f31aaf161d0");
  CHECK(hex("abcdefghijklmnopqrstuvwxyz") == "c3fcd3d76192e4007dfb496cca67e13b");
  CHECK(hex("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
        == "d174ab98d277d9f5a5611c2c9f419d9f");
  CHECK(hex("12345678901234567890123456789012345678901234567890123456789012345678901234567890")
        == "57edf4a22be3c955ac49da2e2107b67a");
}

TEST_CASE("md5: lengths around the ends of blocks") {
  // Python: hashlib.md5(b"x" * n).hexdigest()
  CHECK(hex(std::string(55, 'x')) == "04364420e25c512fd958a70738aa8f72");
  CHECK(hex(std::string(56, 'x')) == "668a72d5ba17f08e62dabcafad6db14b");
  CHECK(hex(std::string(63, 'x')) == "7dc2ca208106a2f703567bdff99d8981");
  CHECK(hex(std::string(64, 'x')) == "c1bb4f81d892b2d57947682aeb252456");
  CHECK(hex(std::string(119, 'x')) == "ab347a5f68c8a443cfcddc633f12c24f");
  CHECK(hex(std::string(120, 'x')) == "fb98667f98096de92620b64f46e1c5b5");
  CHECK(hex(std::string(128, 'x')) == "d69cb61a6ee87200676eb0d4b90edbcb");
}

} // namespace
} // namespace cafmq
