#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "messages/ids.hpp"
#include "messages/inspect.hpp"
#include "messages/message.hpp"

namespace cafmq {

enum class message_model : std::uint8_t {
  clustering = 0,   ///< each message to one member of the group
  broadcasting = 1, ///< each message to every member
};

/// Where a group starts in a queue for which it has no committed offset.
enum class consume_from : std::uint8_t { last_offset = 0, first_offset = 1, timestamp = 2 };

struct subscription {
  topic_name topic;
  std::string expression = "*"; ///< tags joined by ||, or * for all
  std::int64_t version = 0;     ///< the newest version in a group wins

  bool operator==(const subscription&) const = default;
};
CAFMQ_INSPECT(subscription, topic, expression, version)

/// How the members of a group share its queues; names as RocketMQ's
/// AllocateMessageQueueStrategy.getName() gives them.
struct allocation {
  std::string strategy = "AVG"; ///< AVG, AVG_BY_CIRCLE, CONSISTENT_HASH, CONFIG, MACHINE_ROOM,
                                ///< MACHINE_ROOM_NEARBY-<inner>, NONE
  std::vector<message_queue> fixed_queues{}; ///< CONFIG: the queues of this member
  std::vector<std::string> rooms{};          ///< MACHINE_ROOM: rooms this group consumes from
  std::string own_room{}; ///< MACHINE_ROOM_NEARBY: where this member is; a broker's room is in its
                          ///< name, `room@name`

  bool operator==(const allocation&) const = default;
};
CAFMQ_INSPECT(allocation, strategy, fixed_queues, rooms, own_room)

/// A consumer joins its group on a broker; repeated, it is its heartbeat. The sender is monitored:
/// its death frees its queues at once; silence frees them after channelExpiredTimeout (120 s).
/// Clustering members are told their queues by `queue_assignment`. Strategy NONE (assign/seek
/// consumers) takes part in nothing but offsets. Answer: `group_joined`.
struct join_consumer_group {
  group_name group;
  client_id client;
  message_model model = message_model::clustering;
  consume_from from = consume_from::last_offset;
  bool orderly = false;
  std::vector<subscription> subscriptions;
  allocation sharing;
};
CAFMQ_INSPECT(join_consumer_group, group, client, model, from, orderly, subscriptions, sharing)

struct group_joined {
  std::int64_t assignment_revision =
    0; ///< newest `queue_assignment` sent to this member; lets it notice a lost one
};
CAFMQ_INSPECT(group_joined, assignment_revision)

/// A consumer leaves after it has committed; its queues go to the others at once. Answer:
/// `group_left`.
struct leave_consumer_group {
  group_name group;
  client_id client;
};
CAFMQ_INSPECT(leave_consumer_group, group, client)

struct group_left {};
CAFMQ_INSPECT_EMPTY(group_left)

struct assigned_queue {
  local_queue queue;
  queue_offset committed; ///< the group's committed offset, or no_offset

  bool operator==(const assigned_queue&) const = default;
};
CAFMQ_INSPECT(assigned_queue, queue, committed)

/// A broker tells a member the whole list of its queues on that broker. Queues that are missing now
/// must be given back: stop, commit, then `release_queues`; the next owner gets them after that (or
/// after a limit).
struct queue_assignment {
  group_name group;
  broker_name broker;
  std::int64_t revision = 0; ///< grows per member; an older one that arrives late is ignored
  std::vector<assigned_queue> queues;
};
CAFMQ_INSPECT(queue_assignment, group, broker, revision, queues)

struct queue_position {
  local_queue queue;
  queue_offset offset; ///< next offset to consume

  bool operator==(const queue_position&) const = default;
};
CAFMQ_INSPECT(queue_position, queue, offset)

/// A member has stopped consuming these queues; their offsets are committed with it (no_offset:
/// nothing to commit), as by `commit_offsets`.
struct release_queues {
  group_name group;
  client_id client;
  std::vector<queue_position> queues;
};
CAFMQ_INSPECT(release_queues, group, client, queues)

/// A member, or a tool, moves the group's offsets; the last writer wins, lower values too. Of a
/// member that shares queues only the offsets of its own and of free ones count; those in topics
/// that the broker does not have are dropped. Answer: `offsets_committed`. They are on disk within
/// flushConsumerOffsetInterval (5 s). Errors: group_not_exist, topic_not_exist (for none of them is
/// there a topic), system_busy.
struct commit_offsets {
  group_name group;
  client_id client;
  std::vector<queue_position> positions;
};
CAFMQ_INSPECT(commit_offsets, group, client, positions)

struct offsets_committed {};
CAFMQ_INSPECT_EMPTY(offsets_committed)

/// Answer: `committed_offsets`, one a queue in the same order, no_offset where none is stored.
struct fetch_offsets {
  group_name group;
  std::vector<local_queue> queues;
};
CAFMQ_INSPECT(fetch_offsets, group, queues)

struct committed_offsets {
  std::vector<queue_position> positions;
};
CAFMQ_INSPECT(committed_offsets, positions)

/// An orderly member locks its queues before it consumes, and renews every 20 s. A lock lives 60 s
/// (RocketMQ: RebalanceLockManager.java). Answer: `locked_queues`, those of the list that the
/// member holds now.
struct lock_queues {
  group_name group;
  client_id client;
  std::vector<local_queue> queues;
};
CAFMQ_INSPECT(lock_queues, group, client, queues)

struct locked_queues {
  std::vector<local_queue> queues;
};
CAFMQ_INSPECT(locked_queues, queues)

struct unlock_queues {
  group_name group;
  client_id client;
  std::vector<local_queue> queues;
};
CAFMQ_INSPECT(unlock_queues, group, client, queues)

/// A producer joins its group on a broker; repeated, it is its heartbeat. Answer: `group_joined`.
struct join_producer_group {
  group_name group;
  client_id client;
};
CAFMQ_INSPECT(join_producer_group, group, client)

struct leave_producer_group {
  group_name group;
  client_id client;
};
CAFMQ_INSPECT(leave_producer_group, group, client)

} // namespace cafmq
