#include <algorithm>
#include <doctest/doctest.h>
#include <map>
#include <string>

#include "actors/consumer_group/queue_allocation.hpp"
#include "messages/errors.hpp"

namespace cafmq {
namespace {

using shares = std::vector<std::vector<message_queue>>; ///< a member's, in order

std::vector<message_queue> make_queues(int count, const std::string& broker = "broker-a") {
  std::vector<message_queue> result;
  for (int i = 0; i < count; ++i)
    result.push_back({{"orders"}, {broker}, {i}});
  return result;
}

std::vector<sharing_member> make_members(int count, const allocation& sharing) {
  std::vector<sharing_member> result;
  for (int i = 0; i < count; ++i)
    result.push_back({{"10.0.0.1@" + std::string(1, static_cast<char>('a' + i))}, sharing});
  return result;
}

allocation by(const std::string& strategy) {
  allocation result;
  result.strategy = strategy;
  return result;
}

shares share(const std::vector<message_queue>& queues, const std::vector<sharing_member>& members) {
  shares result(members.size());
  auto owners = allocate(queues, members);
  REQUIRE(owners.size() == queues.size());
  for (std::size_t i = 0; i < queues.size(); ++i)
    if (owners[i]) result.at(*owners[i]).push_back(queues[i]);
  return result;
}

/// AllocateMessageQueueAveragely.java, line by line.
std::vector<message_queue> java_average(const std::vector<message_queue>& all, int members,
                                        int index) {
  std::vector<message_queue> result;
  const int size = static_cast<int>(all.size());
  int mod = size % members;
  int average_size =
    size <= members ? 1 : (mod > 0 && index < mod ? size / members + 1 : size / members);
  int start_index = (mod > 0 && index < mod) ? index * average_size : index * average_size + mod;
  int range = std::min(average_size, size - start_index);
  for (int i = 0; i < range; i++)
    result.push_back(all[static_cast<std::size_t>((start_index + i) % size)]);
  return result;
}

/// AllocateMessageQueueAveragelyByCircle.java.
std::vector<message_queue> java_circle(const std::vector<message_queue>& all, int members,
                                       int index) {
  std::vector<message_queue> result;
  for (int i = index; i < static_cast<int>(all.size()); i++)
    if (i % members == index) result.push_back(all[static_cast<std::size_t>(i)]);
  return result;
}

/// AllocateMessageQueueByMachineRoom.java, all queues being in the rooms.
std::vector<message_queue> java_rooms(const std::vector<message_queue>& all, int members,
                                      int index) {
  std::vector<message_queue> result;
  const int size = static_cast<int>(all.size());
  int mod = size / members;
  int rem = size % members;
  int start_index = mod * index;
  int end_index = start_index + mod;
  for (int i = start_index; i < end_index; i++)
    result.push_back(all[static_cast<std::size_t>(i)]);
  if (rem > index) result.push_back(all[static_cast<std::size_t>(index + mod * members)]);
  return result;
}

template <class F>
void for_all_sizes(F&& check) {
  for (int queues = 0; queues <= 12; ++queues)
    for (int members = 1; members <= 12; ++members) {
      CAPTURE(queues);
      CAPTURE(members);
      check(queues, members);
    }
}

void check_disjoint_and_covering(const std::vector<message_queue>& queues, const shares& all) {
  std::vector<message_queue> given;
  for (const auto& share : all)
    given.insert(given.end(), share.begin(), share.end());
  std::sort(given.begin(), given.end());
  CHECK(given == queues); // each once
}

TEST_CASE("C14 queue_allocation: AVG is what RocketMQ's members compute, for 12 x 12") {
  for_all_sizes([](int queues, int members) {
    auto all = make_queues(queues);
    auto result = share(all, make_members(members, by("AVG")));
    for (int i = 0; i < members; ++i)
      CHECK(result[static_cast<std::size_t>(i)] == java_average(all, members, i));
  });
}

TEST_CASE("C14 queue_allocation: AVG_BY_CIRCLE is what RocketMQ's members compute, for 12 x 12") {
  for_all_sizes([](int queues, int members) {
    auto all = make_queues(queues);
    auto result = share(all, make_members(members, by("AVG_BY_CIRCLE")));
    for (int i = 0; i < members; ++i)
      CHECK(result[static_cast<std::size_t>(i)] == java_circle(all, members, i));
  });
}

TEST_CASE("C14 queue_allocation: MACHINE_ROOM is what RocketMQ's members compute, for 12 x 12") {
  auto sharing = by("MACHINE_ROOM");
  sharing.rooms = {"north"};
  for_all_sizes([&](int queues, int members) {
    auto all = make_queues(queues, "north@broker-a");
    auto result = share(all, make_members(members, sharing));
    for (int i = 0; i < members; ++i)
      CHECK(result[static_cast<std::size_t>(i)] == java_rooms(all, members, i));
  });
}

TEST_CASE("C14 queue_allocation: shares are disjoint and cover all queues") {
  for (const std::string strategy :
       {"AVG", "AVG_BY_CIRCLE", "CONSISTENT_HASH", "MACHINE_ROOM_NEARBY-AVG",
        "MACHINE_ROOM_NEARBY-AVG_BY_CIRCLE", "MACHINE_ROOM_NEARBY-CONSISTENT_HASH"}) {
    CAPTURE(strategy);
    for_all_sizes([&](int queues, int members) {
      auto all = make_queues(queues, "north@broker-a");
      auto others = make_queues(queues, "south@broker-a");
      all.insert(all.end(), others.begin(), others.end());
      auto sharers = make_members(members, by(strategy));
      for (std::size_t i = 0; i < sharers.size(); ++i)
        sharers[i].sharing.own_room = i % 3 == 0 ? "north" : "east";
      check_disjoint_and_covering(all, share(all, sharers));
    });
  }
}

TEST_CASE("C14 queue_allocation: sizes differ by at most one for AVG and AVG_BY_CIRCLE") {
  for (const std::string strategy : {"AVG", "AVG_BY_CIRCLE"})
    for_all_sizes([&](int queues, int members) {
      auto result = share(make_queues(queues), make_members(members, by(strategy)));
      auto less = [](const auto& x, const auto& y) { return x.size() < y.size(); };
      auto [smallest, largest] = std::minmax_element(result.begin(), result.end(), less);
      CHECK(largest->size() - smallest->size() <= 1);
    });
}

TEST_CASE("C14 queue_allocation: CONSISTENT_HASH puts queues where RocketMQ's ring has them") {
  // Computed in Python from ConsistentHashRouter.java and AllocateMessageQueueConsistentHash.java.
  const std::map<int, std::string> expected{
    {1, "000000000000"}, {2, "110001111000"}, {3, "220002111020"}, {5, "220343314420"}};
  auto queues = make_queues(6);
  auto others = make_queues(6, "broker-b");
  queues.insert(queues.end(), others.begin(), others.end());
  for (const auto& [count, owners] : expected) {
    std::vector<sharing_member> members;
    for (int i = 0; i < count; ++i)
      members.push_back(
        {{"10.0.0." + std::to_string(i) + "@" + std::to_string(i)}, by("CONSISTENT_HASH")});
    std::string got;
    for (auto owner : allocate(queues, members))
      got += std::to_string(owner.value());
    CHECK(got == owners);
  }
}

TEST_CASE("queue_allocation: CONFIG gives what is named and there, to the first who names it") {
  auto queues = make_queues(4);
  auto members = make_members(3, by("CONFIG"));
  members[0].sharing.fixed_queues = {queues[1], queues[3], {{"payments"}, {"broker-a"}, {0}}};
  members[1].sharing.fixed_queues = {queues[3], queues[2], {{"orders"}, {"broker-a"}, {9}}};
  CHECK(allocate(queues, members) == queue_owners{std::nullopt, 0, 1, 0});
}

TEST_CASE("queue_allocation: MACHINE_ROOM takes no queue outside its rooms") {
  auto queues = make_queues(2, "broker-a"); // no room at all
  for (const auto* broker : {"north@b", "south@b"})
    for (auto& queue : make_queues(2, broker))
      queues.push_back(queue);
  auto sharing = by("MACHINE_ROOM");
  sharing.rooms = {"south", "west", ""};
  auto result = share(queues, make_members(1, sharing));
  CHECK(result[0] == make_queues(2, "south@b"));
}

TEST_CASE("queue_allocation: MACHINE_ROOM_NEARBY stays in the room, and adopts lonely rooms") {
  std::vector<message_queue> queues;
  for (const auto* broker : {"east@b", "north@b", "south@b"})
    for (auto& queue : make_queues(4, broker))
      queues.push_back(queue);
  auto members = make_members(4, by("MACHINE_ROOM_NEARBY-AVG"));
  for (std::size_t i = 0; i < 4; ++i)
    members[i].sharing.own_room = i < 2 ? "east" : "north";
  std::string owners;
  for (auto owner : allocate(queues, members))
    owners += std::to_string(owner.value());
  CHECK(owners == "001122330123"); // south has no members: one queue for each
}

TEST_CASE("queue_allocation: queues without a room are near to members without one") {
  auto members = make_members(2, by("MACHINE_ROOM_NEARBY-AVG"));
  members[0].sharing.own_room = "north";
  CHECK(allocate(make_queues(2), members) == queue_owners{1, 1});
  members[1].sharing.own_room = "north";
  CHECK(allocate(make_queues(2), members) == queue_owners{0, 1});
}

TEST_CASE("queue_allocation: members that disagree get their own share, the first of two wins") {
  auto members = make_members(2, by("AVG"));
  members[1].sharing = by("AVG_BY_CIRCLE"); // wants queues 1 and 3; AVG gives 0 and 1 to the first
  CHECK(allocate(make_queues(4), members) == queue_owners{0, 0, std::nullopt, 1});
}

TEST_CASE("queue_allocation: nobody there, nobody owns") {
  CHECK(allocate(make_queues(2), {}) == queue_owners{std::nullopt, std::nullopt});
  CHECK(allocate({}, make_members(2, by("AVG"))).empty());
}

TEST_CASE("queue_allocation: rooms are read as Java splits") {
  CHECK(room_of({"north@b"}) == "north");
  CHECK(room_of({"@b"}) == "");
  CHECK(room_of({"north@b@"}) == "north");
  CHECK(room_of({"b"}) == std::nullopt);
  CHECK(room_of({"north@"}) == std::nullopt);
  CHECK(room_of({"a@b@c"}) == std::nullopt);
}

TEST_CASE("queue_allocation: an unknown strategy is refused") {
  for (const auto* known : {"AVG", "CONFIG", "NONE", "MACHINE_ROOM_NEARBY-CONSISTENT_HASH"})
    CHECK_FALSE(check_strategy(by(known)));
  for (const auto* unknown : {"", "avg", "MACHINE_ROOM_NEARBY-", "MACHINE_ROOM_NEARBY-NONE",
                              "MACHINE_ROOM_NEARBY-MACHINE_ROOM_NEARBY-AVG"})
    CHECK(code_of(check_strategy(by(unknown))) == errc::invalid_parameter);
}

} // namespace
} // namespace cafmq
