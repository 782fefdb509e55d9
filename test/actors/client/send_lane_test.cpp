#include <doctest/doctest.h>

#include "actors/client/send_lane.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

namespace {

using time_point = std::chrono::steady_clock::time_point;

/// A lane of sends of ten bytes each, all the same letter.
struct lane_fixture {
  send_lane lane{25};

  void add(char letter, bool wait_store = true, time_point deadline = {}) {
    outgoing send;
    send.bytes = 10;
    send.wait_store = wait_store;
    send.deadline = deadline;
    std::vector<std::uint8_t> records(10, static_cast<std::uint8_t>(letter));
    lane.add(std::move(send), records);
  }
  /// The letters of all batches, a word each.
  std::string take_all() {
    std::string words;
    while (!lane.empty()) {
      auto batch = lane.take();
      CHECK(batch.drafts.size() == 10 * batch.sends.size());
      for (std::size_t i = 0; i < batch.drafts.size(); i += 10)
        words += static_cast<char>(batch.drafts[i]);
      words += ' ';
    }
    return words;
  }
};

} // namespace

TEST_CASE_FIXTURE(lane_fixture, "send_lane: batches fill up to the limit, in order") {
  CHECK_FALSE(lane.has_full_batch());
  add('a');
  add('b');
  CHECK_FALSE(lane.has_full_batch());
  add('c');
  CHECK(lane.has_full_batch());
  CHECK(take_all() == "ab c ");
}

TEST_CASE_FIXTURE(lane_fixture, "send_lane: a send larger than the limit is a batch of its own") {
  outgoing large;
  large.bytes = 30;
  add('a');
  lane.add(std::move(large), std::vector<std::uint8_t>(30, 'L'));
  add('b');
  CHECK(lane.take().drafts.size() == 10);
  CHECK(lane.has_full_batch());
  CHECK(lane.take().drafts.size() == 30);
  CHECK(lane.take().drafts.size() == 10);
}

TEST_CASE_FIXTURE(lane_fixture, "send_lane: a batch has one wait flag") {
  add('a', true);
  add('b', false);
  add('c', false);
  CHECK(take_all() == "a bc ");
}

TEST_CASE_FIXTURE(lane_fixture,
                  "send_lane: what is tried again goes first, a lone send stays alone") {
  add('a');
  outgoing lone;
  lone.bytes = 10;
  lone.alone = true;
  gathering again;
  again.add(std::move(lone), std::vector<std::uint8_t>(10, 'r'));
  lane.add_first(std::move(again));
  CHECK(take_all() == "r a ");
}

TEST_CASE_FIXTURE(lane_fixture, "send_lane: sends can be taken out of the middle") {
  time_point now{};
  add('a', true, now + 1s);
  add('b', true, now + 3s);
  add('c', true, now + 1s);
  CHECK_FALSE(lane.holds_late(now));
  CHECK(lane.holds_late(now + 1s));
  std::string taken;
  lane.take_unless([&](const outgoing& send) { return send.deadline > now + 1s; },
                   [&](outgoing, std::span<const std::uint8_t> records) {
                     taken += static_cast<char>(records.front());
                   });
  CHECK(taken == "ac");
  CHECK(take_all() == "b ");
}
