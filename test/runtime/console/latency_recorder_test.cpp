#include <doctest/doctest.h>
#include <memory>

#include "runtime/console/latency_recorder.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

TEST_CASE("latency_recorder: percentiles of a known series are within a bucket's width") {
  auto recorder = std::make_unique<latency_recorder>();
  for (int i = 1; i <= 100'000; ++i)
    recorder->record(std::chrono::microseconds{i});
  CHECK(recorder->count() == 100'000);
  for (auto [percent, exact] : {std::pair{50.0, 50'000us}, {99.0, 99'000us}, {99.9, 99'900us}}) {
    CHECK(recorder->percentile(percent) >= exact);
    CHECK(recorder->percentile(percent) <= exact + exact / 60);
  }
  CHECK(recorder->percentile(100) == 100'000us);
  CHECK(recorder->max() == 100'000us);
}

TEST_CASE("latency_recorder: the extremes") {
  auto recorder = std::make_unique<latency_recorder>();
  CHECK(recorder->percentile(99) == 0ns);
  recorder->record(-5ns);
  recorder->record(0ns);
  CHECK(recorder->percentile(99) == 0ns);
  recorder->record(24h);
  CHECK(recorder->max() == 24h);
  CHECK(recorder->percentile(100) >= 1000s);
  recorder->record(1ns);
  CHECK(recorder->percentile(75) == 1ns);
}

TEST_CASE("latency_recorder: merged recorders count as one") {
  auto one = std::make_unique<latency_recorder>();
  auto two = std::make_unique<latency_recorder>();
  one->record(10ns);
  two->record(20ns);
  two->record(30ns);
  one->merge(*two);
  CHECK(one->count() == 3);
  CHECK(one->percentile(50) == 20ns);
  CHECK(one->max() == 30ns);
}
