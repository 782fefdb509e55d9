#include "messages/codec/sha256.hpp"

#include <bit>
#include <cstring>

#include "messages/codec/big_endian.hpp"

namespace cafmq {

namespace {

constexpr std::size_t block_bytes = 64;
constexpr std::size_t length_bytes = 8; // the length in bits ends the last block

// FIPS 180-4, 4.2.2.
constexpr std::uint32_t round_constants[64] = {
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

using hash_state = std::array<std::uint32_t, 8>;

// FIPS 180-4, 5.3.3.
constexpr hash_state initial_state = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/// FIPS 180-4, 6.2.2, with its names.
void add_block(hash_state& state, const std::uint8_t* block) {
  using std::rotr;
  std::uint32_t w[64];
  for (std::size_t t = 0; t < 16; ++t)
    w[t] = load_big_endian<std::uint32_t>(block + 4 * t);
  for (std::size_t t = 16; t < 64; ++t) {
    auto s0 = rotr(w[t - 15], 7) ^ rotr(w[t - 15], 18) ^ (w[t - 15] >> 3);
    auto s1 = rotr(w[t - 2], 17) ^ rotr(w[t - 2], 19) ^ (w[t - 2] >> 10);
    w[t] = w[t - 16] + s0 + w[t - 7] + s1;
  }
  auto [a, b, c, d, e, f, g, h] = state;
  for (std::size_t t = 0; t < 64; ++t) {
    auto t1 = h + (rotr(e, 6) ^ rotr(e, 11) ^ rotr(e, 25)) + ((e & f) ^ (~e & g))
              + round_constants[t] + w[t];
    auto t2 = (rotr(a, 2) ^ rotr(a, 13) ^ rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g, g = f, f = e, e = d + t1;
    d = c, c = b, b = a, a = t1 + t2;
  }
  const hash_state change{a, b, c, d, e, f, g, h};
  for (std::size_t i = 0; i < state.size(); ++i)
    state[i] += change[i];
}

} // namespace

std::array<std::uint8_t, 32> sha256(std::span<const std::uint8_t> bytes) {
  auto state = initial_state;
  auto rest = bytes;
  for (; rest.size() >= block_bytes; rest = rest.subspan(block_bytes))
    add_block(state, rest.data());
  std::array<std::uint8_t, 2 * block_bytes> last{};
  if (!rest.empty()) std::memcpy(last.data(), rest.data(), rest.size());
  last[rest.size()] = 0x80;
  auto padded = rest.size() + 1 + length_bytes <= block_bytes ? block_bytes : 2 * block_bytes;
  store_big_endian(last.data() + padded - length_bytes, std::uint64_t{bytes.size()} * 8);
  for (std::size_t at = 0; at < padded; at += block_bytes)
    add_block(state, last.data() + at);
  std::array<std::uint8_t, 32> digest;
  for (std::size_t i = 0; i < state.size(); ++i)
    store_big_endian(digest.data() + 4 * i, state[i]);
  return digest;
}

std::string sha256_hex(std::span<const std::uint8_t> bytes) {
  constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (auto byte : sha256(bytes)) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

} // namespace cafmq
