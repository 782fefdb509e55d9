#pragma once

#include <cstdint>
#include <string_view>

namespace cafmq {

/// Java's `String.hashCode` of UTF-8 text: h = 31 h + u over its UTF-16 code units, modulo 2^32.
/// Tags codes and index keys are made of it. `seed` is the hash of the text before `text`, so that
/// a key can be hashed in pieces.
std::int32_t java_hash(std::string_view text, std::int32_t seed = 0);

/// The non-negative form that RocketMQ's index uses: the absolute value, and 0 for -2^31, which has
/// none (IndexFile.indexKeyHashMethod).
constexpr std::int32_t index_hash(std::int32_t hash) {
  if (hash >= 0) return hash;
  return hash == INT32_MIN ? 0 : -hash;
}

} // namespace cafmq
