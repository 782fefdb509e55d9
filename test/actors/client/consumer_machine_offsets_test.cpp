#include <doctest/doctest.h>

#include "actors/client/consumer_machine.hpp"
#include "actors/client/stored_records.hpp"
#include "messages/errors.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

namespace {

const broker_name broker{"broker-a"};
const message_queue first_queue{{"orders"}, broker, {0}};

/// A member with one queue whose start the rule has to choose, at offset 1000.
struct newcomer {
  explicit newcomer(bool auto_commit) {
    consumer_config settings;
    settings.consumer_group = "billing";
    settings.auto_commit = auto_commit;
    machine = std::move(*consumer_machine::make({settings, {"m1"}, {{{"orders"}, "*", 0}}}));
    machine->start({}, now);
    machine->link_up(broker, now);
    machine->assigned({{"billing"}, broker, 1, {{{{"orders"}, {0}}, no_offset}}}, now);
    auto question = taken<ask_about_queue>().at(0);
    machine->answered(first_queue, question.ticket, queue_bounds{{100}, {1'000}, 0, 0}, now);
  }
  template <class T>
  std::vector<T> taken() {
    std::vector<T> found;
    for (auto& effect : machine->take_effects())
      if (auto* one = std::get_if<T>(&effect)) found.push_back(std::move(*one));
    return found;
  }
  std::vector<commit_offsets> commits() {
    std::vector<commit_offsets> found;
    for (auto& letter : taken<tell_group>())
      if (auto* one = std::get_if<commit_offsets>(&letter.request)) found.push_back(*one);
    return found;
  }
  /// Messages 1000 to 1003 come and are consumed.
  void consume() {
    auto pull = taken<ask_about_queue>().at(0);
    machine->answered(
      first_queue, pull.ticket,
      pulled_messages{
        pull_status::found, {1'004}, {100}, {1'004}, 4, test::records_between(1'000, 1'003)},
      now);
    for (auto& delivery : taken<deliver_batch>())
      machine->consumed({delivery.batch.delivery, {}, no_offset, {}}, now);
  }

  consumer_machine::time_point now{1h};
  std::unique_ptr<consumer_machine> machine;
};

std::vector<queue_offset> offsets_of(const std::vector<commit_offsets>& commits) {
  std::vector<queue_offset> found;
  for (const auto& commit : commits)
    for (const auto& position : commit.positions)
      found.push_back(position.offset);
  return found;
}

} // namespace

TEST_CASE(
  "C1 consumer_machine: where a new group begins is committed before anything is consumed") {
  for (bool auto_commit : {true, false}) {
    CAPTURE(auto_commit);
    newcomer member{auto_commit};
    CHECK(member.machine->next_tick() <= member.now);
    member.machine->tick(member.now);
    CHECK(offsets_of(member.commits()) == std::vector<queue_offset>{{1'000}});
    member.machine->tick(member.now);
    CHECK(member.commits().empty());
  }
}

TEST_CASE(
  "consumer_machine: what the start rule has chosen is handed over when it is not committed") {
  newcomer member{false};
  member.machine->assigned({{"billing"}, broker, 2, {}}, member.now);
  auto letters = member.taken<tell_group>();
  REQUIRE(std::holds_alternative<release_queues>(letters.back().request));
  const auto& release = std::get<release_queues>(letters.back().request);
  CHECK(release.queues.at(0).offset == queue_offset{1'000});
}

TEST_CASE("consumer_machine: an awaited commit is not done before the broker has the offsets") {
  newcomer member{false};
  member.consume();
  CHECK_FALSE(member.machine->commit_all(member.now));
  auto sent = member.commits();
  CHECK(offsets_of(sent) == std::vector<queue_offset>{{1'004}});
  SUBCASE("what was sent, but not acknowledged, is sent again") {
    CHECK_FALSE(member.machine->commit_all(member.now));
    CHECK(offsets_of(member.commits()) == std::vector<queue_offset>{{1'004}});
    member.machine->committed(broker, sent.at(0));
    CHECK_FALSE(member.machine->commit_all(member.now));
    CHECK(member.commits().empty());
  }
  SUBCASE("without the broker it fails once, unless the broker had everything before") {
    member.machine->link_down(broker, member.now);
    CHECK(code_of(member.machine->commit_all(member.now)) == errc::broker_not_exist);
    CHECK_FALSE(member.machine->commit_all(member.now)); // it may never come back
    member.machine->committed(broker, sent.at(0));
    CHECK_FALSE(member.machine->commit_all(member.now));
  }
  SUBCASE("linked again, it fails until the queue is assigned again") {
    member.machine->link_down(broker, member.now);
    member.machine->link_up(broker, member.now);
    CHECK(code_of(member.machine->commit_all(member.now)) == errc::broker_not_exist);
    member.machine->assigned({{"billing"}, broker, 1, {{{{"orders"}, {0}}, {1'000}}}}, member.now);
    CHECK_FALSE(member.machine->commit_all(member.now));
    CHECK(offsets_of(member.commits()) == std::vector<queue_offset>{{1'004}});
  }
}

TEST_CASE("consumer_machine: a commit that the broker has dropped is sent again") {
  newcomer member{true};
  member.consume();
  member.machine->commit(member.now);
  CHECK(offsets_of(member.commits()) == std::vector<queue_offset>{{1'004}});
  member.machine->assigned({{"billing"}, broker, 2, {{{{"orders"}, {0}}, {1'000}}}}, member.now);
  member.machine->commit(member.now);
  CHECK(offsets_of(member.commits()) == std::vector<queue_offset>{{1'004}});
}

TEST_CASE("C12 consumer_machine: a queue that comes back without an offset begins anew") {
  newcomer member{true};
  auto pull = member.taken<ask_about_queue>().at(0);
  member.machine->answered(
    first_queue, pull.ticket,
    pulled_messages{
      pull_status::found, {1'004}, {100}, {1'004}, 4, test::records_between(1'000, 1'003)},
    member.now);
  auto deliveries = member.taken<deliver_batch>();
  // The topic is deleted, and made again before the listener has ended.
  member.machine->assigned({{"billing"}, broker, 2, {}}, member.now);
  member.machine->assigned({{"billing"}, broker, 3, {{{{"orders"}, {0}}, no_offset}}}, member.now);
  member.machine->take_effects();
  for (auto& delivery : deliveries)
    member.machine->consumed({delivery.batch.delivery, {}, no_offset, {}}, member.now);
  auto question = member.taken<ask_about_queue>().at(0);
  REQUIRE(std::holds_alternative<get_queue_bounds>(question.request));
  member.machine->answered(first_queue, question.ticket, queue_bounds{{0}, {5}, 0, 0}, member.now);
  auto again = member.taken<ask_about_queue>().at(0);
  REQUIRE(std::holds_alternative<pull_messages>(again.request));
  CHECK(std::get<pull_messages>(again.request).from == queue_offset{0});
}
