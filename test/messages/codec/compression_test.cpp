#include <doctest/doctest.h>

#include "messages/codec/compression.hpp"

using namespace cafmq;

TEST_CASE("compression: each kind restores the body") {
  std::string body;
  for (int i = 0; i < 5000; ++i)
    body += "line " + std::to_string(i % 97) + '\n';
  for (auto kind : {compression::zlib, compression::lz4, compression::zstd}) {
    auto packed = compress(body, kind, 5);
    REQUIRE(packed);
    CHECK(packed->size() < body.size() / 3);
    auto restored = decompress(*packed, compression_flags(kind), decompressed_bytes_max);
    REQUIRE(restored);
    CHECK(*restored == body);
  }
}

TEST_CASE("compression: a body that unpacks beyond the limit is refused, not unpacked") {
  std::string zeros(1'000'000, '\0');
  for (auto kind : {compression::zlib, compression::lz4, compression::zstd}) {
    auto packed = compress(zeros, kind, 5);
    REQUIRE(packed);
    CHECK_FALSE(decompress(*packed, compression_flags(kind), 100'000));
    CHECK(decompress(*packed, compression_flags(kind), zeros.size()));
  }
}

TEST_CASE("compression: every truncation and an unknown kind are errors") {
  std::string body(3000, 'x');
  for (auto kind : {compression::zlib, compression::lz4, compression::zstd}) {
    auto packed = compress(body, kind, 5);
    REQUIRE(packed);
    for (std::size_t length = 0; length < packed->size(); ++length)
      CHECK_FALSE(
        decompress(packed->substr(0, length), compression_flags(kind), decompressed_bytes_max));
  }
  CHECK_FALSE(decompress("abc", 1 | (5 << 8), 1000));
}
