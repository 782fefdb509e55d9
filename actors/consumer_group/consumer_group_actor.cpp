#include "actors/consumer_group/consumer_group_actor.hpp"

#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <set>
#include <string>

#include "actors/consumer_group/cluster_queues.hpp"
#include "actors/consumer_group/group_membership.hpp"
#include "actors/consumer_group/offset_table.hpp"
#include "actors/consumer_group/queue_allocation.hpp"
#include "actors/consumer_group/queue_handover.hpp"
#include "actors/consumer_group/queue_lock_table.hpp"
#include "actors/safe_actor.hpp"
#include "messages/type_ids.hpp"

namespace cafmq::consumers {

// Reminders to itself.
struct expire_silent {}; ///< look for silent members
struct rebalance {};     ///< share out anew; behind all that waits in the mailbox now
struct take_overdue {};  ///< some queue is not released in time
struct save_changes {};  ///< offsets to the metadata store

} // namespace cafmq::consumers

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafmq::consumers::expire_silent)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafmq::consumers::rebalance)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafmq::consumers::take_overdue)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafmq::consumers::save_changes)

namespace cafmq {

namespace {

using namespace consumers;
using inbox = extended_handle<consumer_group_handle, void(expire_silent), void(rebalance),
                              void(take_overdue), void(save_changes)>;
using farewell = queue_handover::farewell;

/// Gathers the commits of a moment into one letter. The metadata store itself writes every
/// flushConsumerOffsetInterval.
constexpr std::chrono::milliseconds save_delay{100};

/// A revision is this many times a wall time in milliseconds: a new group actor begins above all
/// that the one before it gave, unless that gave more than a thousand a millisecond all its life.
constexpr std::int64_t revisions_per_ms = 1'000;

struct consumer_group_state {
  static inline const char* name = "consumer_group";

  consumer_group_parts parts;
  broker_name broker;
  group_membership membership;
  cluster_queues queues;
  queue_handover handover;
  queue_lock_table locks;
  offset_table offsets;
  /// Who joined members, monitored while one of them is in.
  std::map<caf::actor_addr, group_membership::process> tickets;
  std::map<group_membership::process, group_member_handle> processes;
  group_membership::process next_ticket = 1;
  bool is_rebalance_due = false; ///< a reminder is under way; likewise the next two
  bool is_save_due = false;
  std::optional<queue_handover::time_point> overdue_check;
};

using pointer = inbox::stateful_pointer<consumer_group_state>;

void push_assignment(pointer self, const client_id& client, const group_member_handle& to) {
  auto& state = self->state;
  auto assigned = state.handover.assignment_of(client);
  if (assigned.revision == 0) return;
  queue_assignment letter{state.parts.group, state.broker, assigned.revision, {}};
  for (auto& queue : assigned.queues) {
    auto committed = state.offsets.find(queue);
    letter.queues.push_back({std::move(queue), committed});
  }
  self->send(to, std::move(letter));
}

void tell(pointer self, const queue_handover::news& news) {
  auto& state = self->state;
  for (const auto& client : news) {
    auto member = state.membership.members().find(client);
    if (member == state.membership.members().end()) continue;
    push_assignment(self, client, state.processes.at(member->second.sender));
  }
}

/// Sees to it that overdue queues are taken in time. Reminders cannot be taken back, so one is only
/// added where it is the earliest.
void watch_deadline(pointer self) {
  auto& state = self->state;
  auto next = state.handover.next_deadline();
  if (!next || (state.overdue_check && *state.overdue_check <= *next)) return;
  state.overdue_check = next;
  self->delayed_send(self, *next - self->clock().now(), take_overdue{});
}

void schedule_rebalance(pointer self) {
  if (self->state.is_rebalance_due) return;
  self->state.is_rebalance_due = true;
  self->send(self, rebalance{});
}

/// Waits until the broker has told the queues of all topics: a member that comes back to a new
/// group actor would else lose its queues for a moment.
void share_out(pointer self) {
  auto& state = self->state;
  state.is_rebalance_due = false;
  for (const auto& [topic, subscription] : state.membership.subscriptions())
    if (!state.queues.knows(topic)) return;
  auto sharers = state.membership.sharers();
  std::vector<client_id> clients;
  for (const auto& sharer : sharers)
    clients.push_back(sharer.client);
  tell(self,
       state.handover.want(clients, state.queues.wanted_owners(sharers), self->clock().now()));
  watch_deadline(self);
}

void schedule_save(pointer self) {
  auto& state = self->state;
  if (state.is_save_due || !state.offsets.has_changes()) return;
  state.is_save_due = true;
  self->delayed_send(self, save_delay, save_changes{});
}

void save(pointer self) {
  auto& state = self->state;
  state.is_save_due = false;
  if (!state.offsets.has_changes()) return;
  self->send(state.parts.metadata_store,
             save_offsets{state.parts.group, state.offsets.take_changes()});
}

/// The group's topics are others: asks the broker for their queues.
void watch_subscriptions(pointer self) {
  auto& state = self->state;
  watch_topics wanted;
  for (const auto& [topic, subscription] : state.membership.subscriptions())
    wanted.topics.push_back(topic);
  state.queues.keep(wanted.topics);
  self->send(state.parts.host, std::move(wanted));
}

void release_process(pointer self, group_membership::process ticket) {
  auto& state = self->state;
  if (!state.membership.clients_of(ticket).empty()) return;
  auto process = state.processes.find(ticket);
  if (process == state.processes.end()) return;
  auto address = process->second.address();
  state.processes.erase(process);
  state.tickets.erase(address);
  self->demonitor(address);
}

/// After members went: what was theirs is free.
void clear_up(pointer self, const std::vector<client_id>& gone, farewell how) {
  auto& state = self->state;
  if (gone.empty()) return;
  for (const auto& client : gone) {
    state.handover.remove(client, how);
    state.locks.release(client);
  }
  if (state.membership.subscriptions().empty()) watch_subscriptions(self);
  schedule_rebalance(self);
}

caf::result<group_joined> join(pointer self, const join_consumer_group& request) {
  auto& state = self->state;
  auto address = caf::actor_cast<caf::actor_addr>(self->current_sender());
  if (!address) return make_error(errc::invalid_parameter, "nobody cannot join a group");
  auto known = state.tickets.find(address);
  const auto is_known = known != state.tickets.end();
  const auto ticket = is_known ? known->second : state.next_ticket;
  auto joined = state.membership.join(request, ticket, self->clock().now());
  if (!joined) return joined.error();
  auto to = caf::actor_cast<group_member_handle>(self->current_sender());
  if (!is_known) {
    ++state.next_ticket;
    state.tickets[address] = ticket;
    state.processes[ticket] = to;
    self->monitor(address);
  }
  if (joined->is_new)
    log::info("member-joined", request.client.value, " joins group ", request.group.value);
  if (joined->changed_topics) watch_subscriptions(self);
  if (joined->changed_topics || joined->changed_shares)
    schedule_rebalance(self);
  else
    push_assignment(self, request.client, to); // in case that an earlier one got lost
  return group_joined{state.handover.assignment_of(request.client).revision};
}

caf::result<group_left> leave(pointer self, const leave_consumer_group& request) {
  auto& state = self->state;
  auto member = state.membership.members().find(request.client);
  auto ticket = state.tickets.find(caf::actor_cast<caf::actor_addr>(self->current_sender()));
  auto is_its_own = member != state.membership.members().end() && ticket != state.tickets.end()
                    && member->second.sender == ticket->second;
  if (!is_its_own) return group_left{};
  const auto sender = ticket->second;
  state.membership.leave(request.client);
  log::info("member-left", request.client.value, " leaves group ", request.group.value);
  clear_up(self, {request.client}, farewell::left);
  release_process(self, sender);
  return group_left{};
}

void bury(pointer self, const caf::actor_addr& who) {
  auto& state = self->state;
  auto ticket = state.tickets.find(who);
  if (ticket == state.tickets.end()) return;
  auto clients = state.membership.clients_of(ticket->second);
  state.processes.erase(ticket->second);
  state.tickets.erase(ticket);
  for (const auto& client : clients) {
    state.membership.leave(client);
    log::info("member-died", client.value, " of group ", state.parts.group.value,
              " died; its queues go to the others");
  }
  clear_up(self, clients, farewell::silent);
}

void expire(pointer self) {
  auto& state = self->state;
  std::map<client_id, group_membership::process> senders;
  for (const auto& [client, member] : state.membership.members())
    senders[client] = member.sender;
  auto silent = state.membership.expire(self->clock().now());
  for (const auto& client : silent)
    log::warn("member-expired", client.value, " of group ", state.parts.group.value,
              " was silent for too long; its queues go to the others");
  clear_up(self, silent, farewell::silent);
  for (const auto& client : silent)
    release_process(self, senders.at(client));
}

/// A member whose program names its queues takes part in nothing but offsets.
bool chooses_itself(const consumer_group_state& state, const client_id& client) {
  auto member = state.membership.members().find(client);
  return member != state.membership.members().end() && !takes_part(member->second.sharing);
}

/// A commit by a member whose queue was taken from it is from before that, and has no effect.
bool commit(pointer self, const client_id& client, const std::vector<queue_position>& positions) {
  auto& state = self->state;
  const auto may_all = chooses_itself(state, client);
  auto has_room = true;
  for (const auto& position : positions)
    if (may_all || state.handover.may_commit(client, position.queue))
      has_room = state.offsets.commit(position) && has_room;
  schedule_save(self);
  return has_room;
}

void release(pointer self, const release_queues& notice) {
  auto& state = self->state;
  commit(self, notice.client, notice.queues);
  std::vector<local_queue> queues;
  for (const auto& position : notice.queues) {
    queues.push_back(position.queue);
    state.locks.unlock(notice.client, position.queue);
  }
  tell(self, state.handover.release(notice.client, queues));
}

/// The topic was deleted. Its queues are shared out anew once their owners have given them back.
void forget(pointer self, const topic_name& topic) {
  auto& state = self->state;
  tell(self, state.handover.forget(topic, self->clock().now()));
  watch_deadline(self);
  schedule_rebalance(self);
  if (state.offsets.forget(topic))
    self->send(state.parts.metadata_store, forget_offsets{topic, state.parts.group});
}

void take_from_slow_owners(pointer self) {
  auto& state = self->state;
  const auto now = self->clock().now();
  if (state.overdue_check && *state.overdue_check <= now) state.overdue_check.reset();
  tell(self, state.handover.expire(now));
  watch_deadline(self);
}

/// Only a queue's owner may lock it; one that has to give it back may keep its lock until it has.
locked_queues lock(pointer self, const lock_queues& request) {
  auto& state = self->state;
  locked_queues result;
  if (!state.membership.members().contains(request.client)) return result;
  for (const auto& queue : request.queues)
    if (state.handover.owner_of(queue) == request.client
        && state.locks.lock(request.client, queue, self->clock().now()))
      result.queues.push_back(queue);
  return result;
}

group_summary summarize(const consumer_group_state& state) {
  group_summary summary;
  summary.group = state.parts.group;
  summary.members = static_cast<std::int32_t>(state.membership.members().size());
  summary.model = state.membership.model();
  for (const auto& [topic, subscription] : state.membership.subscriptions())
    summary.subscriptions.push_back(subscription);
  return summary;
}

group_description describe(pointer self) {
  const auto& state = self->state;
  group_description result{summarize(state), {}, {}};
  for (const auto& [client, member] : state.membership.members()) {
    auto silence = self->clock().now() - member.last_heartbeat;
    result.members.push_back(
      {client, state.handover.assignment_of(client).queues,
       std::chrono::duration_cast<std::chrono::milliseconds>(silence).count()});
  }
  auto local = state.queues.local();
  std::set<local_queue> queues{local.begin(), local.end()};
  for (const auto& [queue, offset] : state.offsets.all())
    queues.insert(queue);
  for (const auto& queue : queues) {
    auto bounds = state.parts.bounds(queue);
    result.queues.push_back(
      {queue, state.handover.owner_of(queue), state.offsets.find(queue), bounds.max, bounds.min});
  }
  return result;
}

void begin(pointer self, const broker_config& config, consumer_group_parts& parts) {
  auto& state = self->state;
  state.broker = {config.broker_name};
  state.membership = group_membership{config};
  state.queues = cluster_queues{state.broker};
  state.handover = queue_handover{config.queue_release_timeout, parts.clock() * revisions_per_ms};
  state.locks = queue_lock_table{config.rebalance_lock_max_live_time};
  state.offsets = offset_table{parts.committed};
  state.parts = std::move(parts);
  state.parts.committed.clear();
}

void stop(pointer self, caf::error why) {
  save(self);
  self->state.parts = {};        // the host holds this actor
  self->state.processes.clear(); // and so may its members
  self->quit(std::move(why));
}

inbox::behavior_type consumer_group_actor(pointer self, const broker_config& config,
                                          consumer_group_parts parts) {
  make_safe(self);
  self->set_down_handler([=](caf::down_msg& down) { bury(self, down.source); });
  self->set_exit_handler([=](caf::exit_msg& message) { stop(self, std::move(message.reason)); });
  begin(self, config, parts);
  const auto scan = config.scan_not_active_channel_interval;
  self->delayed_send(self, scan, expire_silent{});
  return {
    [=](const join_consumer_group& request) { return join(self, request); },
    [=](const leave_consumer_group& request) { return leave(self, request); },
    [=](const release_queues& notice) { release(self, notice); },
    [=](const commit_offsets& request) -> caf::result<offsets_committed> {
      if (commit(self, request.client, request.positions)) return offsets_committed{};
      return make_error(errc::system_busy, "group " + request.group.value + " keeps offsets of "
                                             + std::to_string(offset_table::queues_max)
                                             + " queues and no more");
    },
    [=](const fetch_offsets& query) -> caf::result<committed_offsets> {
      committed_offsets result;
      for (const auto& queue : query.queues)
        result.positions.push_back({queue, self->state.offsets.find(queue)});
      return result;
    },
    [=](const lock_queues& request) -> caf::result<locked_queues> { return lock(self, request); },
    [=](const unlock_queues& notice) {
      for (const auto& queue : notice.queues)
        self->state.locks.unlock(notice.client, queue);
    },
    [=](const topic_queues_changed& news) {
      if (!self->state.membership.subscriptions().contains(news.topic)) return;
      self->state.queues.set(news.topic, news.queues);
      schedule_rebalance(self);
    },
    [=](const forget_topic& letter) { forget(self, letter.topic); },
    [=](const describe_group&) -> caf::result<group_description> { return describe(self); },
    [=](const get_group_summary&) -> caf::result<group_summary> { return summarize(self->state); },
    [=](expire_silent) {
      expire(self);
      self->delayed_send(self, scan, expire_silent{});
    },
    [=](rebalance) { share_out(self); },
    [=](take_overdue) { take_from_slow_owners(self); },
    [=](save_changes) { save(self); },
  };
}

} // namespace

consumer_group_handle spawn_consumer_group(caf::actor_system& system, const broker_config& config,
                                           consumer_group_parts parts) {
  return caf::actor_cast<consumer_group_handle>(
    system.spawn(consumer_group_actor, config, std::move(parts)));
}

} // namespace cafmq
