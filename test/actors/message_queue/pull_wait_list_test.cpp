#include <algorithm>
#include <doctest/doctest.h>
#include <random>
#include <string>

#include "actors/message_queue/pull_wait_list.hpp"
#include "messages/errors.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

using time_point = pull_wait_list::time_point;
using tickets = std::vector<pull_wait_list::ticket>;

constexpr time_point start{};

pull_messages make_pull(const std::string& client, std::int64_t from = 0,
                        std::chrono::milliseconds suspend = 15s, const std::string& group = "g") {
  pull_messages pull;
  pull.group = {group};
  pull.client = {client};
  pull.topic = {"orders"};
  pull.from = {from};
  pull.suspend = suspend;
  return pull;
}

TEST_CASE("pull_wait_list: a pull is due when its suspend time has passed, not before") {
  pull_wait_list list;
  CHECK_FALSE(list.next_deadline());
  auto late = list.park(make_pull("a", 0, 15s), start)->id;
  auto soon = list.park(make_pull("b", 0, 1s), start)->id;
  CHECK(*list.next_deadline() == start + 1s);
  CHECK(list.due(start + 999ms).empty());
  CHECK(list.due(start + 1s) == tickets{soon});
  CHECK(list.due(start + 15s) == tickets{soon, late});
  list.take(soon);
  CHECK(*list.next_deadline() == start + 15s);
}

TEST_CASE("pull_wait_list: pulls go on when the queue has passed their offset") {
  pull_wait_list list;
  auto at_five = list.park(make_pull("a", 5), start)->id;
  auto at_seven = list.park(make_pull("b", 7), start)->id;
  CHECK(list.reached({5}).empty());
  CHECK(list.reached({6}) == tickets{at_five});
  CHECK(list.reached({8}) == tickets{at_five, at_seven});
}

TEST_CASE("pull_wait_list: a client's newer pull replaces the older, another client's stays") {
  pull_wait_list list;
  auto first = list.park(make_pull("a", 3), start)->id;
  auto other_client = list.park(make_pull("b", 3), start);
  auto other_group = list.park(make_pull("a", 3, 15s, "h"), start);
  CHECK_FALSE(other_client->replaced);
  CHECK_FALSE(other_group->replaced);
  auto second = list.park(make_pull("a", 4), start + 1s);
  REQUIRE(second->replaced);
  CHECK(second->replaced->first == first);
  CHECK(second->replaced->second.from == queue_offset{3});
  CHECK(list.size() == 3);
  CHECK(list.due(start + 15s) == tickets{other_client->id, other_group->id});
}

TEST_CASE("pull_wait_list: beyond its limit it is busy, but a client may still replace its own") {
  pull_wait_list list{2};
  REQUIRE(list.park(make_pull("a"), start));
  REQUIRE(list.park(make_pull("b"), start));
  auto refused = list.park(make_pull("c"), start);
  REQUIRE_FALSE(refused);
  CHECK(code_of(refused.error()) == errc::system_busy);
  CHECK(list.size() == 2);
  CHECK(list.park(make_pull("a"), start));
  CHECK(list.size() == 2);
}

TEST_CASE("C11 pull_wait_list: after passing refused messages a pull waits a second at most") {
  pull_wait_list list;
  auto id = list.park(make_pull("a", 3, 15s), start)->id;
  CHECK_FALSE(list.has_passed(id));
  list.pass(id, {9}, start + 2s);
  CHECK(list.has_passed(id));
  CHECK(list.at(id).from == queue_offset{9});
  CHECK(list.reached({9}).empty());
  CHECK(*list.next_deadline() == start + 3s);
  list.pass(id, {12}, start + 2'900ms); // passing more does not put it off
  CHECK(list.due(start + 3s) == tickets{id});

  auto hurried = list.park(make_pull("b", 3, 500ms), start)->id;
  list.pass(hurried, {9}, start + 100ms); // nor does it lengthen a shorter wait
  CHECK(list.due(start + 500ms) == tickets{hurried});
}

TEST_CASE("pull_wait_list: any order of events keeps tickets, clients and deadlines in step") {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    CAPTURE(seed);
    std::mt19937 chance{seed};
    auto draw = [&](unsigned bound) { return chance() % bound; };
    pull_wait_list list{8};
    std::map<std::string, std::pair<pull_wait_list::ticket, time_point>> model;
    auto now = start;
    for (int step = 0; step < 200; ++step) {
      now += std::chrono::milliseconds(draw(300));
      auto client = std::string(1, static_cast<char>('a' + draw(10)));
      if (draw(3) > 0) {
        auto suspend = std::chrono::milliseconds(1 + draw(2'000));
        auto known = model.find(client);
        auto parked = list.park(make_pull(client, draw(5), suspend), now);
        REQUIRE(static_cast<bool>(parked) == (known != model.end() || model.size() < 8));
        if (!parked) continue;
        REQUIRE(parked->replaced.has_value() == (known != model.end()));
        if (known != model.end()) REQUIRE(parked->replaced->first == known->second.first);
        model[client] = {parked->id, now + suspend};
      } else {
        for (auto id : list.due(now)) {
          auto pull = list.take(id);
          REQUIRE(model.at(pull.client.value).first == id);
          REQUIRE(model.at(pull.client.value).second <= now);
          model.erase(pull.client.value);
        }
        for (const auto& [name, entry] : model)
          REQUIRE(entry.second > now);
      }
      REQUIRE(list.size() == model.size());
    }
  }
}

} // namespace
} // namespace cafmq
