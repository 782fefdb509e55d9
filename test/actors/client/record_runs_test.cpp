#include <doctest/doctest.h>

#include "actors/client/record_runs.hpp"
#include "actors/client/stored_records.hpp"
#include "messages/errors.hpp"

using namespace cafmq;

TEST_CASE("record_runs: a block is cut into runs that cover it") {
  auto block = test::records_of({{3}, {4}, {9}, {10}, {20}}); // gaps: filtered at the broker
  auto runs = cut_runs(block, {3}, 2);
  REQUIRE(runs);
  REQUIRE(runs->size() == 3);
  CHECK((*runs)[0].first == queue_offset{3});
  CHECK((*runs)[0].last == queue_offset{4});
  CHECK((*runs)[1].first == queue_offset{9});
  CHECK((*runs)[2].count == 1);
  std::uint32_t at = 0;
  for (const auto& run : *runs) {
    CHECK(run.begin == at);
    at = run.end;
  }
  CHECK(at == block.size());
  CHECK(cut_runs({}, {0}, 1)->empty());
}

TEST_CASE("record_runs: a block that is no run of growing records is refused, wherever it is cut") {
  auto good = test::records_between(5, 7);
  CHECK(code_of(cut_runs(good, {6}, 10).error()) == errc::store_corrupt);
  CHECK(code_of(cut_runs(test::records_of({{5}, {5}}), {5}, 10).error()) == errc::store_corrupt);
  auto size = good.size() / 3;
  for (std::size_t length = 1; length < good.size(); ++length) {
    auto all = good.span();
    byte_block torn{{all.begin(), all.begin() + static_cast<std::ptrdiff_t>(length)}};
    CHECK(cut_runs(torn, {5}, 10).engaged() == (length % size == 0));
  }
  std::vector<std::uint8_t> huge(200, 0x7F);
  CHECK_FALSE(cut_runs(byte_block{huge}, {0}, 10));
  CHECK_FALSE(cut_runs(byte_block{std::vector<std::uint8_t>(200, 0)}, {0}, 10));
}

TEST_CASE("record_runs: the tail of a run begins at the first record at or after the offset") {
  auto runs = cut_runs(test::records_of({{3}, {4}, {9}}), {0}, 10);
  const auto& run = runs->front();
  auto tail = tail_of(run, {5});
  REQUIRE(tail);
  CHECK(tail->first == queue_offset{9});
  CHECK(tail->count == 1);
  CHECK(tail->end == run.end);
  CHECK(tail_of(run, {0})->count == 3);
  CHECK_FALSE(tail_of(run, {10}));
}

TEST_CASE("record_runs: one record is copied out of its block, and only if it is there") {
  auto runs = cut_runs(test::records_of({{3, "", "three"}, {4, "", "four"}}), {0}, 10);
  auto copy = copy_record(runs->front(), {4});
  auto read = check_record(copy.span(), body_check::crc);
  REQUIRE(read.kind == record_kind::valid);
  CHECK(read.record.body == "four");
  CHECK(copy_record(runs->front(), {5}).empty());
}
