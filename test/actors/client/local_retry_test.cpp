#include <doctest/doctest.h>

#include "actors/client/local_retry.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

namespace {

const local_retry::time_point start{1h};
const byte_block record{{1, 2, 3}};

} // namespace

TEST_CASE("local_retry: waits double from one second to a minute") {
  retry_backoff backoff{1s, 60s};
  CHECK(backoff.after(1) == 1s);
  CHECK(backoff.after(2) == 2s);
  CHECK(backoff.after(6) == 32s);
  CHECK(backoff.after(7) == 60s);
  CHECK(backoff.after(1'000'000) == 60s);
}

TEST_CASE("C8 local_retry: each message waits by itself") {
  local_retry retry{{1s, 60s}};
  retry.add({5}, record, start);
  retry.add({3}, record, start + 500ms);
  CHECK(retry.next_due() == start + 1s);
  CHECK(retry.take_due(start + 999ms).empty());
  CHECK(retry.take_due(start + 1s) == std::vector<queue_offset>{{5}});
  CHECK(retry.at({5}).failures == 1);
  retry.failed({5}, start + 1s);
  CHECK(retry.take_due(start + 2s) == std::vector<queue_offset>{{3}});
  retry.succeeded({3});
  CHECK_FALSE(retry.holds({3}));
  CHECK(retry.next_due() == start + 3s);
  CHECK(retry.take_due(start + 3s) == std::vector<queue_offset>{{5}});
  CHECK(retry.at({5}).failures == 2);
  CHECK_FALSE(retry.next_due().has_value()); // under way
  retry.untried({5});
  CHECK(retry.take_due(start + 3s) == std::vector<queue_offset>{{5}});
  CHECK(retry.at({5}).failures == 2);
  retry.succeeded({5});
  CHECK(retry.empty());
}
