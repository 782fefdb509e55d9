#include "runtime/console/latency_recorder.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

namespace cafmq {

// Values below 2^6 have a bucket each; above, each power of two has 64 buckets.
std::size_t latency_recorder::bucket_of(std::uint64_t value) {
  value = std::min(value, (std::uint64_t{1} << exponent_max) - 1);
  const int width = std::bit_width(value);
  if (width <= fraction_bits) return static_cast<std::size_t>(value);
  const int shift = width - fraction_bits - 1;
  return (static_cast<std::size_t>(shift) << fraction_bits)
         + static_cast<std::size_t>(value >> shift);
}

std::uint64_t latency_recorder::upper_bound(std::size_t bucket) {
  constexpr std::size_t linear = std::size_t{2} << fraction_bits;
  if (bucket < linear) return bucket;
  const auto shift = (bucket >> fraction_bits) - 1;
  const auto mantissa = bucket - (shift << fraction_bits);
  return ((mantissa + 1) << shift) - 1;
}

void latency_recorder::record(std::chrono::nanoseconds latency) {
  const auto value = std::max<std::int64_t>(latency.count(), 0);
  ++buckets_[bucket_of(static_cast<std::uint64_t>(value))];
  ++count_;
  max_ = std::max(max_, value);
}

void latency_recorder::merge(const latency_recorder& other) {
  for (std::size_t i = 0; i < bucket_count; ++i)
    buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  max_ = std::max(max_, other.max_);
}

std::chrono::nanoseconds latency_recorder::percentile(double percent) const {
  if (count_ == 0) return {};
  const auto wanted = std::max<std::int64_t>(
    1, static_cast<std::int64_t>(std::ceil(static_cast<double>(count_) * percent / 100.0)));
  std::int64_t seen = 0;
  for (std::size_t i = 0; i < bucket_count; ++i) {
    seen += buckets_[i];
    if (seen >= wanted)
      return std::chrono::nanoseconds{std::min(static_cast<std::int64_t>(upper_bound(i)), max_)};
  }
  return max();
}

} // namespace cafmq
