#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace cafmq {

/// A point in time as people and RocketMQ's tools write it, as milliseconds since 1970 in UTC:
/// milliseconds themselves; `yyyyMMddHHmmss`, local time; `2026-11-25[T15:04[:05[.678]]]`, local
/// time, or with `Z` or `+01:00` behind it. nullopt: none of these.
std::optional<std::int64_t> parse_time(std::string_view text);

} // namespace cafmq
