#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "messages/errors.hpp"

namespace cafmq {

/// How a body is compressed; the value stands in bits 8-10 of the system flag
/// (CompressionType.java).
enum class compression : std::uint8_t {
  zlib = 3, ///< 0 means zlib, too: clients before 4.9.4 knew nothing else
  lz4 = 1,  ///< LZ4 frame format
  zstd = 2,
};

/// Bits for the system flag of a body compressed so.
std::int32_t compression_flags(compression kind);

/// Compresses `body`; `level` as each library counts (RocketMQ's default is 5). Error:
/// compression_failed.
caf::expected<std::string> compress(std::string_view body, compression kind, int level);

/// The original of a stored body. Stops with compression_failed when it would exceed `bytes_max`,
/// so that a small hostile body cannot take the memory.
caf::expected<std::string> decompress(std::string_view stored, std::int32_t sys_flags,
                                      std::size_t bytes_max);

/// Largest body that a consumer unpacks: far above any broker's message limit.
inline constexpr std::size_t decompressed_bytes_max = 256u * 1024 * 1024;

} // namespace cafmq
