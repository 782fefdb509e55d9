#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace cafmq {

/// The MD5 digest of `text` (RFC 1321). For placing things on a hash ring as RocketMQ's clients do,
/// never for security.
std::array<std::uint8_t, 16> md5(std::string_view text);

} // namespace cafmq
