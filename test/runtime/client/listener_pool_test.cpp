#include <doctest/doctest.h>
#include <future>
#include <set>
#include <stdexcept>

#include "actors/client/stored_records.hpp"
#include "runtime/client/listener_pool.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

namespace {

consume_batch batch_of(std::int64_t first, std::int64_t last, bool in_order = false) {
  consume_batch batch;
  batch.delivery = {first + 1};
  batch.queue = {{"orders"}, {"broker-a"}, {0}};
  batch.records = test::records_between(first, last);
  batch.end = static_cast<std::uint32_t>(batch.records.size());
  batch.count = static_cast<std::int32_t>(last - first + 1);
  batch.in_order = in_order;
  return batch;
}

std::vector<std::int64_t> offsets_of(std::span<const received_message> messages) {
  std::vector<std::int64_t> offsets;
  for (const auto& message : messages)
    offsets.push_back(message.queue_offset());
  return offsets;
}

struct calls {
  std::vector<std::vector<std::int64_t>> seen;
  std::set<std::int64_t> failing;
  bool operator()(std::span<const received_message> messages) {
    auto offsets = offsets_of(messages);
    seen.push_back(offsets);
    for (auto offset : offsets)
      if (failing.count(offset) != 0) return false;
    return true;
  }
};

consume_result run(const consume_batch& batch, calls& work, std::int32_t calls_of) {
  std::vector<received_message> scratch;
  return consume(batch, std::ref(work), calls_of, scratch);
}

} // namespace

TEST_CASE("listener_pool: a listener gets at most consumeMessageBatchMaxSize messages a call") {
  calls work;
  auto result = run(batch_of(0, 6), work, 3);
  CHECK(work.seen == std::vector<std::vector<std::int64_t>>{{0, 1, 2}, {3, 4, 5}, {6}});
  CHECK(result.failed.empty());
  CHECK(result.untried == no_offset);
  CHECK(result.elapsed > 0ns);
}

TEST_CASE("listener_pool: concurrent, all messages of a failed call fail, and the others go on") {
  calls work{{}, {4}};
  auto result = run(batch_of(0, 6), work, 3);
  CHECK(work.seen.size() == 3);
  CHECK(result.failed == std::vector<queue_offset>{{3}, {4}, {5}});
}

TEST_CASE("O2 listener_pool: in order, nothing is tried after a failure") {
  calls work{{}, {2}};
  auto result = run(batch_of(0, 6, true), work, 1);
  CHECK(work.seen.size() == 3);
  CHECK(result.failed == std::vector<queue_offset>{{2}});
}

TEST_CASE("listener_pool: an exception is a failure") {
  std::vector<received_message> scratch;
  auto result = consume(
    batch_of(0, 1), [](auto) -> bool { throw std::runtime_error{"no"}; }, 1, scratch);
  CHECK(result.failed.size() == 2);
}

TEST_CASE("listener_pool: a revoked batch ends at the next call") {
  auto batch = batch_of(0, 6);
  std::vector<received_message> scratch;
  auto result = consume(
    batch,
    [&](std::span<const received_message> messages) {
      if (messages.front().queue_offset() == 2) batch.wanted.revoke();
      return true;
    },
    1, scratch);
  CHECK(result.untried == queue_offset{3});
  batch.wanted.revoke();
  calls work;
  CHECK(run(batch, work, 2).untried == queue_offset{0});
  CHECK(work.seen.empty());
}

TEST_CASE("C9 listener_pool: other tags with the same hash are passed over") {
  auto batch = batch_of(0, 0);
  batch.records = test::records_of({{0, "Aa"}, {1, "BB"}, {2, ""}, {3, "Aa"}});
  batch.end = static_cast<std::uint32_t>(batch.records.size());
  batch.tags = {"Aa"};
  calls work;
  auto result = run(batch, work, 10);
  CHECK(work.seen == std::vector<std::vector<std::int64_t>>{{0, 3}});
  CHECK(result.failed.empty());
  batch.tags = {"none"};
  work.seen.clear();
  run(batch, work, 1);
  CHECK(work.seen.empty());
}

TEST_CASE("listener_pool: several threads work at once, no more than allowed") {
  std::promise<void> all_here;
  std::atomic<int> here{0};
  std::promise<void> go;
  auto gate = go.get_future().share();
  std::atomic<int> done{0};
  std::promise<void> all_done;
  {
    listener_pool pool{{3, 1}, [&](auto) {
                         if (++here == 3) all_here.set_value();
                         gate.wait();
                         return true;
                       }};
    for (int i = 0; i < 6; ++i)
      pool.take(batch_of(i * 10, i * 10), [&](const consume_result&) {
        if (++done == 6) all_done.set_value();
      });
    CHECK(all_here.get_future().wait_for(10s) == std::future_status::ready);
    CHECK(here == 3);
    go.set_value();
    CHECK(all_done.get_future().wait_for(10s) == std::future_status::ready);
  }
  CHECK(here == 6);
}

TEST_CASE("listener_pool: revoked batches that wait are taken back, and a stop forgets the rest") {
  std::promise<void> busy, go;
  std::atomic<int> calls{0};
  std::atomic<int> finished{0};
  listener_pool pool{{1, 1}, [&](auto) {
                       if (++calls == 1) busy.set_value();
                       go.get_future().wait();
                       return true;
                     }};
  auto count = [&](const consume_result&) { ++finished; };
  pool.take(batch_of(0, 0), count);
  busy.get_future().wait();
  auto revoked = batch_of(10, 10);
  pool.take(revoked, count);
  pool.take(batch_of(20, 20), count);
  revoked.wanted.revoke();
  CHECK(pool.recall() == std::vector<delivery_id>{revoked.delivery});
  CHECK(pool.recall().empty());
  pool.stop();
  pool.take(batch_of(30, 30), count);
  go.set_value();
}
