#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace cafmq {

/// SHA-256 (FIPS 180-4) of `bytes`.
std::array<std::uint8_t, 32> sha256(std::span<const std::uint8_t> bytes);

/// The same as 64 lower-case hex digits.
std::string sha256_hex(std::span<const std::uint8_t> bytes);

} // namespace cafmq
