#pragma once

#include <cstdint>
#include <span>

namespace cafmq {

/// CRC-32 (IEEE 802.3, as zlib's) of `bytes`, continued from `seed`, without RocketMQ's mask.
std::uint32_t crc32(std::span<const std::uint8_t> bytes, std::uint32_t seed = 0);

/// The CRC that RocketMQ stores: masked to 31 bits, so that it is never negative; 0 for an empty
/// body (UtilAll.crc32).
std::int32_t masked_crc32(std::span<const std::uint8_t> bytes);

} // namespace cafmq
