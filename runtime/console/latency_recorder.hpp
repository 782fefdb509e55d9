#pragma once

#include <array>
#include <chrono>
#include <cstdint>

namespace cafmq {

/// Latencies in buckets that are at most 1/64 of their value wide, from 1 ns to 2^40 ns (18
/// minutes; longer ones count as that). Fixed 20 KiB, no allocation; merge one recorder a thread at
/// the end.
class latency_recorder {
public:
  void record(std::chrono::nanoseconds latency);
  void merge(const latency_recorder& other);

  std::int64_t count() const { return count_; }
  /// The latency that `percent` of all did not exceed, up to the bucket's width; 0: none recorded.
  std::chrono::nanoseconds percentile(double percent) const;
  std::chrono::nanoseconds max() const { return std::chrono::nanoseconds{max_}; }

private:
  static constexpr int fraction_bits = 6;
  static constexpr int exponent_max = 40;
  static constexpr std::size_t bucket_count =
    static_cast<std::size_t>(exponent_max - fraction_bits + 2) << fraction_bits;

  static std::size_t bucket_of(std::uint64_t value);
  static std::uint64_t upper_bound(std::size_t bucket);

  std::array<std::int64_t, bucket_count> buckets_{};
  std::int64_t count_ = 0;
  std::int64_t max_ = 0;
};

} // namespace cafmq
