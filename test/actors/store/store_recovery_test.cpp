#include <doctest/doctest.h>

#include "actors/store/store_recovery.hpp"
#include "support/faulty_directory.hpp"
#include "support/store_stage.hpp"

using namespace cafmq;
using test::batch_of;
using test::numbered;
using stage = test::store_stage<test::faulty_directory>;

namespace {

constexpr const char* first_segment = "commitlog/00000000000000000000";

/// After any restart: the queues hold just what the log holds, from the first message on, and the
/// next send goes on there.
void check_prefix(stage& s, int sent, int at_least) {
  auto found = s.bodies("orders", 0);
  CHECK(static_cast<int>(found.size()) >= at_least);
  CHECK(static_cast<int>(found.size()) <= sent);
  CHECK(found == numbered(0, static_cast<int>(found.size())));
  auto receipt = s.send(batch_of("orders", 0, {"next"}));
  CHECK(receipt.first_offset.value == static_cast<std::int64_t>(found.size()));
  CHECK(s.bodies("orders", 0, receipt.first_offset.value) == std::vector<std::string>{"next"});
}

} // namespace

TEST_CASE("L5: a cut at every byte of the last records loses those records and nothing else") {
  constexpr int sent = 6;
  stage measured;
  std::vector<std::int64_t> ends;
  for (int i = 0; i < sent; ++i) {
    measured.send(batch_of("orders", 0, {"body " + std::to_string(i)}));
    ends.push_back(measured.store->end().value);
  }
  for (auto at = ends[2]; at <= ends[5]; ++at) {
    stage s;
    for (int i = 0; i < sent; ++i)
      s.send(batch_of("orders", 0, {"body " + std::to_string(i)}));
    s.store.reset();
    s.directory.cut(first_segment, at);
    s.open();
    auto whole = static_cast<int>(
      std::count_if(ends.begin(), ends.end(), [&](auto end) { return end <= at; }));
    CHECK(static_cast<int>(s.bodies("orders", 0).size()) == whole);
    check_prefix(s, sent, whole);
  }
}

TEST_CASE("L10: a flipped bit in any byte of a body cuts the log there, whatever follows") {
  stage measured;
  for (int i = 0; i < 5; ++i)
    measured.send(batch_of("orders", 0, {"body " + std::to_string(i)}));
  auto size = measured.store->end().value / 5;
  for (std::int64_t at = 88; at < 88 + 6; ++at) { // the body of the third record
    stage s;
    for (int i = 0; i < 5; ++i)
      s.send(batch_of("orders", 0, {"body " + std::to_string(i)}));
    s.store.reset();
    s.directory.flip_bit(first_segment, 2 * size + at, 3);
    s.open();
    CHECK(s.bodies("orders", 0) == numbered(0, 2));
    check_prefix(s, 5, 2);
  }
}

TEST_CASE("L5: stale bytes behind the cut are gone: a later recovery does not find them") {
  stage s;
  for (int i = 0; i < 5; ++i)
    s.send(batch_of("orders", 0, {"body " + std::to_string(i)}));
  auto size = s.store->end().value / 5;
  s.store.reset();
  s.directory.flip_bit(first_segment, 3 * size + 89, 0); // of the fourth; the fifth is whole
  s.open();
  s.send(batch_of("orders", 0, {"body 3"})); // exactly as long as the one that was cut
  s.open();
  CHECK(s.bodies("orders", 0) == numbered(0, 4));
}

TEST_CASE("D1: synced messages survive a power cut, at their offsets and positions") {
  stage s;
  std::vector<send_receipt> receipts;
  for (int i = 0; i < 60; ++i)
    receipts.push_back(s.send(batch_of("orders", 0, {"body " + std::to_string(i)}), true));
  s.store.reset();
  s.directory.lose_unsynced();
  s.open();
  CHECK(s.bodies("orders", 0) == numbered(0, 60));
  for (int i = 0; i < 60; ++i) {
    auto found =
      s.store->view()->view_message(receipts[static_cast<std::size_t>(i)].first_position);
    REQUIRE(found);
    auto record = check_record(found->records.span()).record;
    CHECK(record.body == "body " + std::to_string(i));
    CHECK(record.offset.value == i);
  }
  check_prefix(s, 60, 60);
}

TEST_CASE("D3: a power cut loses at most what was not flushed, a suffix without holes") {
  for (int flushed = 0; flushed <= 60; flushed += 7) {
    stage s;
    for (int i = 0; i < 60; ++i) {
      if (i == flushed) s.flush(flushed % 2 == 0);
      s.send(batch_of("orders", 0, {"body " + std::to_string(i)}));
    }
    s.store.reset();
    s.directory.lose_unsynced();
    s.open();
    check_prefix(s, 60, flushed);
  }
}

TEST_CASE("D15: a torn batch leaves a prefix of itself, never a gap") {
  stage measured;
  measured.send(batch_of("orders", 0, numbered(0, 10)));
  auto end = measured.store->end().value;
  for (std::int64_t at = 0; at <= end; at += 13) {
    stage s;
    s.send(batch_of("orders", 0, numbered(0, 10)));
    s.store.reset();
    s.directory.cut(first_segment, at);
    s.open();
    check_prefix(s, 10, 0);
  }
}

TEST_CASE("D12: a send that meets a full disk is refused, at whatever byte, and never comes back") {
  stage measured;
  for (int i = 0; i < 3; ++i)
    measured.send(batch_of("orders", 0, {"body " + std::to_string(i)}));
  auto size = measured.store->end().value / 3;
  for (std::int64_t left = 0; left < size; left += 5) {
    stage s;
    for (int i = 0; i < 3; ++i)
      s.send(batch_of("orders", 0, {"body " + std::to_string(i)}));
    s.directory.now.bytes_left = left;
    auto refused = s.try_send(batch_of("orders", 0, {"refused"}));
    REQUIRE_FALSE(refused);
    CHECK(code_of(refused.error()) == errc::service_not_available);
    CHECK(s.bodies("orders", 0) == numbered(0, 3)); // D21: reads go on
    s.open();                                       // a crash right now
    CHECK(s.bodies("orders", 0) == numbered(0, 3));
    s.directory.now.bytes_left = -1;
    check_prefix(s, 3, 3);
  }
}

TEST_CASE("D21: a store on a full disk refuses sends, keeps reads, and recovers by itself") {
  stage s;
  s.send(batch_of("orders", 0, {"body 0"}));
  s.directory.now.bytes_left = 10;
  CHECK_FALSE(s.try_send(batch_of("orders", 0, {"refused"})));
  CHECK_FALSE(s.store->probe());
  CHECK(code_of(s.try_send(batch_of("orders", 0, {"refused"})).error())
        == errc::service_not_available);
  s.directory.now.bytes_left = -1;
  CHECK(s.store->probe());
  s.send(batch_of("orders", 0, {"body 1"}));
  CHECK(s.bodies("orders", 0) == numbered(0, 2));
  s.directory.now.used_percent = s.config.disk_space_warning_level_ratio + 1;
  REQUIRE(s.store->clean(s.now, 12));
  CHECK(code_of(s.try_send(batch_of("orders", 0, {"refused"})).error())
        == errc::service_not_available);
  CHECK(s.bodies("orders", 0).size() == 2);
  s.directory.now.used_percent = 50;
  REQUIRE(s.store->clean(s.now, 12));
  s.send(batch_of("orders", 0, {"body 2"}));
}

TEST_CASE("D12: a failed sync refuses its burst, and what was stored before is written again "
          "before new promises") {
  stage s;
  s.send(batch_of("orders", 0, {"body 0"}), true);
  s.send(batch_of("orders", 0, {"body 1"})); // synced by nobody yet
  s.directory.now.syncs_fail = true;
  auto refused = s.try_send(batch_of("orders", 0, {"refused"}), true);
  REQUIRE_FALSE(refused);
  CHECK(code_of(refused.error()) == errc::service_not_available);
  CHECK_FALSE(s.store->probe());
  s.directory.now.syncs_fail = false;
  CHECK(s.store->probe());
  s.send(batch_of("orders", 0, {"body 2"}), true);
  s.store.reset();
  s.directory.lose_unsynced();
  s.open();
  CHECK(s.bodies("orders", 0) == numbered(0, 3));
}

TEST_CASE("message_store: a failed burst that crossed into a new segment is undone as a whole") {
  stage s;
  int sent = 0;
  while (s.store->end().value < 3500)
    s.send(batch_of("orders", 0, {"body " + std::to_string(sent++)}));
  REQUIRE(
    s.store->append(batch_of("orders", 0, numbered(100, 103)), s.now)); // into the next segment
  s.directory.now.bytes_left = 0;
  CHECK_FALSE(s.store->commit());
  CHECK(s.bodies("orders", 0) == numbered(0, sent));
  s.directory.now.bytes_left = -1;
  CHECK(s.store->probe());
  check_prefix(s, sent, sent);
  s.open();
  CHECK(s.bodies("orders", 0).size() == static_cast<std::size_t>(sent) + 1);
}

TEST_CASE("L2, L3: whatever dies when, offsets go on without gap and every unit fits its record") {
  for (std::uint32_t seed = 1; seed <= 30; ++seed) {
    stage s;
    std::uint32_t chance = seed;
    auto draw = [&](std::uint32_t below) {
      return (chance = chance * 1664525u + 1013904223u) / 65536 % below;
    };
    std::vector<std::string> acknowledged; // by a sync: must survive everything
    for (int step = 0; step < 60; ++step) {
      auto body = "b" + std::to_string(seed) + "-" + std::to_string(step);
      switch (draw(8)) {
        case 0: s.flush(draw(2) == 0); break;
        case 1: s.open(); break; // kill -9
        case 2:                  // power cut
          s.store.reset();
          s.directory.lose_unsynced();
          s.open();
          break;
        case 3:
          REQUIRE(s.store->close());
          s.open();
          break;
        default: s.send(batch_of("orders", 0, {body}), true); acknowledged.push_back(body);
      }
    }
    CHECK_MESSAGE(s.bodies("orders", 0) == acknowledged, "seed ", seed);
  }
}
