#include <doctest/doctest.h>

#include "actors/client/queue_lease.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

namespace {

const queue_lease::time_point start{1h};

} // namespace

TEST_CASE("O3 queue_lease: a lock that is not renewed is believed in for 30 s, not longer") {
  queue_lease lease{30s};
  CHECK_FALSE(lease.held(start));
  lease.granted(start);
  CHECK(lease.held(start + 29s));
  CHECK_FALSE(lease.held(start + 30s));
  lease.granted(start + 20s);
  CHECK(lease.held(start + 49s));
  CHECK(lease.ends() == start + 50s);
}

TEST_CASE("queue_lease: a refusal ends it at once") {
  queue_lease lease{30s};
  lease.granted(start);
  lease.refused();
  CHECK_FALSE(lease.held(start));
}

TEST_CASE("queue_lease: whether somebody else can have had the queue meanwhile") {
  queue_lease lease{30s};
  CHECK_FALSE(lease.granted(start)); // nothing held before
  CHECK(lease.granted(start + 45s)); // late, but the broker keeps locks for 60 s
  CHECK_FALSE(lease.granted(start + 106s));
  lease.refused();
  CHECK_FALSE(lease.granted(start + 107s));
}
