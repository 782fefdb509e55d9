#include "actors/consumer_group/queue_allocation.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <map>
#include <numeric>
#include <string>
#include <tuple>
#include <utility>

#include "actors/consumer_group/md5.hpp"
#include "messages/errors.hpp"

namespace cafmq {

namespace {

using indexes = std::vector<std::size_t>; ///< of queues or members, ascending

constexpr std::string_view nearby_prefix = "MACHINE_ROOM_NEARBY-";

/// Points of a member on the ring (AllocateMessageQueueConsistentHash.java: virtualNodeCnt).
constexpr std::size_t ring_points_per_member = 10;

struct sharing_round {
  const std::vector<message_queue>& queues;
  const std::vector<sharing_member>& members;
  const allocation& sharing; ///< of whose view this round is
  queue_owners& owners;
};

void share_evenly(const sharing_round& round, const indexes& queues, const indexes& members) {
  const auto count = queues.size();
  const auto rest = count % members.size();
  for (std::size_t i = 0; i < members.size(); ++i) {
    const auto is_larger = rest > 0 && i < rest;
    const auto size = count <= members.size() ? 1 : count / members.size() + (is_larger ? 1 : 0);
    const auto begin = is_larger ? i * size : i * size + rest;
    for (auto at = begin; at < std::min(begin + size, count); ++at)
      round.owners[queues[at]] = members[i];
  }
}

void share_in_circle(const sharing_round& round, const indexes& queues, const indexes& members) {
  for (std::size_t i = 0; i < queues.size(); ++i)
    round.owners[queues[i]] = members[i % members.size()];
}

/// The first four bytes of the MD5 (MD5Hash in ConsistentHashRouter.java).
std::uint32_t ring_hash(std::string_view text) {
  auto digest = md5(text);
  return std::uint32_t{digest[0]} << 24 | std::uint32_t{digest[1]} << 16
         | std::uint32_t{digest[2]} << 8 | std::uint32_t{digest[3]};
}

/// A queue as Java prints it (MessageQueue.toString).
std::string text_of(const message_queue& queue) {
  return "MessageQueue [topic=" + queue.topic.value + ", brokerName=" + queue.broker.value
         + ", queueId=" + std::to_string(queue.id.value) + "]";
}

void share_on_ring(const sharing_round& round, const indexes& queues, const indexes& members) {
  std::map<std::uint32_t, std::size_t> ring; // where two points meet, the later member has it
  for (auto member : members)
    for (std::size_t point = 0; point < ring_points_per_member; ++point)
      ring[ring_hash(round.members[member].client.value + "-" + std::to_string(point))] = member;
  for (auto queue : queues) {
    auto next = ring.lower_bound(ring_hash(text_of(round.queues[queue])));
    round.owners[queue] = next == ring.end() ? ring.begin()->second : next->second;
  }
}

void share_as_configured(const sharing_round& round, const indexes& queues,
                         const indexes& members) {
  for (auto member : members) {
    const auto& sharing = round.members[member].sharing;
    if (sharing.strategy != round.sharing.strategy) continue;
    for (const auto& wanted : sharing.fixed_queues) {
      auto found = std::find_if(queues.begin(), queues.end(),
                                [&](std::size_t queue) { return round.queues[queue] == wanted; });
      if (found != queues.end() && !round.owners[*found]) round.owners[*found] = member;
    }
  }
}

void share_in_rooms(const sharing_round& round, const indexes& queues, const indexes& members) {
  const auto& rooms = round.sharing.rooms;
  indexes inside;
  for (auto queue : queues) {
    auto room = room_of(round.queues[queue].broker);
    if (room && std::find(rooms.begin(), rooms.end(), *room) != rooms.end())
      inside.push_back(queue);
  }
  const auto size = inside.size() / members.size();
  const auto shared = size * members.size();
  for (std::size_t i = 0; i < shared; ++i)
    round.owners[inside[i]] = members[i / size];
  for (auto i = shared; i < inside.size(); ++i)
    round.owners[inside[i]] = members[i - shared];
}

using strategy = void (*)(const sharing_round&, const indexes&, const indexes&);

constexpr std::array<std::pair<std::string_view, strategy>, 5> strategies{
  {{"AVG", share_evenly},
   {"AVG_BY_CIRCLE", share_in_circle},
   {"CONFIG", share_as_configured},
   {"CONSISTENT_HASH", share_on_ring},
   {"MACHINE_ROOM", share_in_rooms}}};

strategy find_strategy(std::string_view name) {
  for (const auto& [known, share] : strategies)
    if (known == name) return share;
  return nullptr;
}

std::map<std::string_view, indexes> by_room(const indexes& things, auto&& room) {
  std::map<std::string_view, indexes> result;
  for (auto thing : things)
    result[room(thing)].push_back(thing);
  return result;
}

void share_nearby(const sharing_round& round, strategy inner, const indexes& queues,
                  const indexes& members) {
  auto members_by_room = by_room(
    members, [&](std::size_t i) -> std::string_view { return round.members[i].sharing.own_room; });
  auto queues_by_room =
    by_room(queues, [&](std::size_t i) { return room_of(round.queues[i].broker).value_or(""); });
  for (const auto& [room, its_queues] : queues_by_room) {
    auto found = members_by_room.find(room);
    inner(round, its_queues, found == members_by_room.end() ? members : found->second);
  }
}

indexes all_of(std::size_t count) {
  indexes result(count);
  std::iota(result.begin(), result.end(), std::size_t{0});
  return result;
}

/// Who would own what if everybody shared as `sharing` says.
queue_owners share(const std::vector<message_queue>& queues,
                   const std::vector<sharing_member>& members, const allocation& sharing) {
  queue_owners owners(queues.size());
  sharing_round round{queues, members, sharing, owners};
  std::string_view name = sharing.strategy;
  if (name.starts_with(nearby_prefix)) {
    auto inner = find_strategy(name.substr(nearby_prefix.size()));
    assert(inner != nullptr);
    share_nearby(round, inner, all_of(queues.size()), all_of(members.size()));
  } else {
    auto share_out = find_strategy(name);
    assert(share_out != nullptr);
    share_out(round, all_of(queues.size()), all_of(members.size()));
  }
  return owners;
}

/// Members whose settings agree in these see the same owners.
auto view_of(const allocation& sharing) { return std::tie(sharing.strategy, sharing.rooms); }

} // namespace

queue_owners allocate(const std::vector<message_queue>& queues,
                      const std::vector<sharing_member>& members) {
  assert(std::is_sorted(queues.begin(), queues.end()));
  queue_owners result(queues.size());
  std::vector<const allocation*> views;
  for (const auto& member : members) {
    auto is_same = [&](const auto* seen) { return view_of(*seen) == view_of(member.sharing); };
    if (std::none_of(views.begin(), views.end(), is_same)) views.push_back(&member.sharing);
  }
  for (const auto* view : views) {
    auto owners = share(queues, members, *view);
    for (std::size_t i = 0; i < queues.size(); ++i) {
      auto owner = owners[i];
      auto gets_it = owner && view_of(members[*owner].sharing) == view_of(*view);
      if (gets_it && (!result[i] || *owner < *result[i])) result[i] = owner;
    }
  }
  return result;
}

caf::error check_strategy(const allocation& sharing) {
  std::string_view name = sharing.strategy;
  if (name.starts_with(nearby_prefix)) name.remove_prefix(nearby_prefix.size());
  if (!takes_part(sharing) || find_strategy(name) != nullptr) return {};
  return make_error(errc::invalid_parameter,
                    "there is no allocation strategy " + sharing.strategy
                      + "; use AVG, AVG_BY_CIRCLE, CONSISTENT_HASH, CONFIG, MACHINE_ROOM, "
                        "MACHINE_ROOM_NEARBY-<one of these>, or NONE");
}

bool takes_part(const allocation& sharing) { return sharing.strategy != "NONE"; }

std::optional<std::string_view> room_of(const broker_name& broker) {
  // As Java's split("@") has it: exactly two parts, and empty ones at the end do not count.
  std::string_view name = broker.value;
  while (name.ends_with('@'))
    name.remove_suffix(1);
  auto at = name.find('@');
  if (at == std::string_view::npos || name.find('@', at + 1) != std::string_view::npos)
    return std::nullopt;
  return name.substr(0, at);
}

} // namespace cafmq
