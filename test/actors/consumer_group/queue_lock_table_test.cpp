#include <doctest/doctest.h>

#include "actors/consumer_group/queue_lock_table.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

constexpr queue_lock_table::time_point start{};
const client_id a{"a"};
const client_id b{"b"};
const local_queue first{{"orders"}, {0}};
const local_queue second{{"orders"}, {1}};

TEST_CASE("O3 queue_lock_table: a live lock keeps all others out, renewed or not, for 60 s") {
  queue_lock_table locks{60s};
  CHECK(locks.lock(a, first, start));
  CHECK_FALSE(locks.lock(b, first, start + 60s));
  CHECK(locks.lock(b, second, start));
  CHECK(locks.lock(a, first, start + 60s)); // renewed
  CHECK_FALSE(locks.lock(b, first, start + 120s));
}

TEST_CASE("O4 queue_lock_table: a lock that was not renewed for longer than 60 s is free") {
  queue_lock_table locks{60s};
  locks.lock(a, first, start);
  CHECK(locks.lock(b, first, start + 60'001ms));
  CHECK_FALSE(locks.lock(a, first, start + 60'002ms));
}

TEST_CASE("O3 queue_lock_table: only the owner unlocks") {
  queue_lock_table locks{60s};
  locks.lock(a, first, start);
  locks.unlock(b, first);
  CHECK_FALSE(locks.lock(b, first, start));
  locks.unlock(a, first);
  CHECK(locks.lock(b, first, start));
  locks.unlock(a, second); // of nobody
}

TEST_CASE("O4 queue_lock_table: a member that is gone holds nothing") {
  queue_lock_table locks{60s};
  locks.lock(a, first, start);
  locks.lock(b, second, start);
  locks.release(a);
  CHECK(locks.lock(b, first, start));
  CHECK_FALSE(locks.lock(a, second, start));
}

} // namespace
} // namespace cafmq
