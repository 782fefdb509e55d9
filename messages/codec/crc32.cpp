#include "messages/codec/crc32.hpp"

#include <isa-l/crc.h>

namespace cafmq {

std::uint32_t crc32(std::span<const std::uint8_t> bytes, std::uint32_t seed) {
  return crc32_gzip_refl(seed, bytes.data(), bytes.size());
}

std::int32_t masked_crc32(std::span<const std::uint8_t> bytes) {
  if (bytes.empty()) return 0;
  return static_cast<std::int32_t>(crc32(bytes) & 0x7FFFFFFFu);
}

} // namespace cafmq
