#include <doctest/doctest.h>

#include "actors/client/batch_sizing.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

TEST_CASE(
  "batch_sizing: before anything is measured all threads get a part, orderly ones a batch") {
  batch_sizing sizing{20, 1};
  CHECK(sizing.run_messages(1024, false) == 52);
  CHECK(sizing.run_messages(7, false) == 1);
  CHECK(sizing.run_messages(1024, true) == 1);
  CHECK(batch_sizing{1, 1}.run_messages(1024, false) == 1024);
}

TEST_CASE("batch_sizing: quick listeners get long runs, slow ones a single batch") {
  batch_sizing sizing{20, 8};
  sizing.observe(100, 100 * 200ns);
  CHECK(sizing.run_messages(1024, false) == 1024);
  sizing.observe(8, 8 * 20ms);
  CHECK(sizing.run_messages(1024, false) == 8);
  for (int i = 0; i < 200; ++i)
    sizing.observe(100, 100 * 5us);
  CHECK(sizing.run_messages(1024, true) >= 90);
}

TEST_CASE("batch_sizing: runs are whole batches, and unmeasured results change nothing") {
  batch_sizing sizing{3, 8};
  CHECK(sizing.run_messages(100, false) == 40);
  sizing.observe(0, 1s);
  sizing.observe(10, 0ns);
  CHECK(sizing.run_messages(100, false) == 40);
}
