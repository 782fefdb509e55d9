#pragma once

#include <caf/error.hpp>
#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "messages/groups.hpp"
#include "messages/ids.hpp"
#include "messages/message.hpp"

namespace cafmq {

/// A member of a group as the strategies see it.
struct sharing_member {
  client_id client;
  allocation sharing;
};

/// For each queue the member that owns it, as an index; nullopt: nobody.
using queue_owners = std::vector<std::optional<std::size_t>>;

/// Shares the queues of one topic among the members of a group, by the strategies of RocketMQ's
/// clients (AllocateMessageQueue*.java), so that members that compute for themselves come to the
/// same result:
///
/// - AVG: consecutive queues, sizes differ by at most one, the larger shares first.
/// - AVG_BY_CIRCLE: queue i to member i mod N.
/// - CONSISTENT_HASH: a ring with ten points a member; a queue goes to the next point.
/// - CONFIG: the queues that a member names.
/// - MACHINE_ROOM: only queues whose broker is in one of the rooms that a member names, in
///   consecutive runs; what is left over, one each.
/// - MACHINE_ROOM_NEARBY-x: by strategy x, the queues of a room among the members of that room, and
///   those of a room without members among all. A broker without a room is in the room "".
///
/// Each member gets what its own strategy gives it. Where members disagree on strategies and two
/// would get a queue, the first has it.
///
/// Pre: `queues` and `members` are sorted; no member's strategy is NONE or unknown.
queue_owners allocate(const std::vector<message_queue>& queues,
                      const std::vector<sharing_member>& members);

/// Error: invalid_parameter when there is no such strategy.
caf::error check_strategy(const allocation& sharing);

/// Whether its queues are shared out to this member at all.
bool takes_part(const allocation& sharing);

/// The room in a broker's name `room@name`; nullopt without one.
std::optional<std::string_view> room_of(const broker_name& broker);

} // namespace cafmq
