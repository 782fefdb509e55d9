#pragma once

#include <caf/actor_addr.hpp>
#include <caf/expected.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "actors/broker/broker_actor.hpp"
#include "actors/broker/registration_table.hpp"
#include "actors/broker/topic_journal.hpp"
#include "actors/broker/topic_watch_table.hpp"
#include "messages/type_ids.hpp"

// The inside of the broker actor. One file a conversation: broker_queues, broker_topics,
// broker_groups, broker_routes, broker_admin; broker_actor.cpp puts them together.

namespace cafmq::front_door {

/// A reminder to itself: do what is due.
struct tick {};

using inbox =
  extended_handle<broker_handle, void(watch_topics), void(topic_route_changed), void(tick)>;

/// A consumer or producer group of this broker. Its actors are made when they are first needed.
struct group_entry {
  consumer_group_handle consumers;       ///< null: none yet, or it died
  topic_watch_table::watcher ticket = 0; ///< of `consumers`
  producer_group_handle producers;
  bool is_loading = false;
  /// Requests that wait until the group's offsets are read and its actor is there.
  std::vector<std::function<void(const caf::expected<consumer_group_handle>&)>> waiting;
};

/// A link to a name server. The generation tells answers over this link from late ones of the one
/// before, since CAF's handles look the same after a reconnect.
struct name_server_link_entry {
  name_server_handle handle;
  std::uint64_t generation = 0;
};

struct state {
  static inline const char* name = "broker";

  broker_config config;
  broker_parts parts;
  wall_time_ms started_at = 0;

  topic_journal topics;
  std::map<topic_journal::ticket, std::function<void(const topic_journal::outcome&)>> changes;
  /// Topics whose deletion is under way: still in the table, and closed to all.
  std::set<topic_name> deleting;

  /// By topic and queue id; null where nobody needed the queue yet, or it died.
  std::unordered_map<topic_name, std::vector<message_queue_handle>> queues;
  std::int32_t queue_count = 0;

  std::map<group_name, group_settings> known_groups; ///< groups on disk
  std::map<group_name, group_entry> groups;          ///< groups with actors, or about to have

  topic_watch_table watches;
  std::map<topic_watch_table::watcher, consumer_group_handle> watchers;
  topic_watch_table::watcher next_ticket = 1;

  registration_table registrations;
  std::map<std::string, name_server_link_entry> name_servers; ///< linked ones, by address
  std::uint64_t next_generation = 1;
  std::string route_source; ///< the name server whose routes are used; empty: none
  caf::actor_clock::time_point next_route_poll{};
};

using pointer = inbox::stateful_pointer<state>;

// Sends, pulls and questions to queues.
caf::result<send_receipt> take_send(pointer self, send_batch& batch);
void take_oneway(pointer self, send_oneway& oneway);
caf::result<pulled_messages> take_pull(pointer self, pull_messages& pull);
caf::result<queue_bounds> ask_bounds(pointer self, const get_queue_bounds& query);
caf::result<found_offset> ask_offset(pointer self, const search_offset& query);
/// The actor of a queue whose topic and id were checked. Error: system_busy.
caf::expected<message_queue_handle> queue_actor(pointer self, const local_queue& queue);
void end_queues(pointer self, const topic_name& topic);
bool bury_queue(pointer self, const caf::actor_addr& who);

// Topic changes.
caf::result<topic_changed> change_topic(pointer self, const update_topic& request);
caf::result<topic_deleted> remove_topic(pointer self, const delete_topic& request);
/// Calls `done` once the change is on disk or refused. False when too many changes wait.
bool submit_change(pointer self, topic_change change,
                   std::function<void(const topic_journal::outcome&)> done);
void save_topics_when_due(pointer self);
/// Null where there is no such topic, or its deletion is under way.
const topic_config* open_topic(const state& broker, const topic_name& topic);
caf::error being_deleted(const state& broker, const topic_name& topic);

// Groups.
caf::result<group_joined> join_consumers(pointer self, const join_consumer_group& request);
caf::result<group_left> leave_consumers(pointer self, const leave_consumer_group& request);
void take_release(pointer self, const release_queues& notice);
void take_unlock(pointer self, const unlock_queues& notice);
caf::result<offsets_committed> take_commit(pointer self, const commit_offsets& request);
caf::result<committed_offsets> ask_offsets(pointer self, const fetch_offsets& request);
caf::result<locked_queues> take_lock(pointer self, const lock_queues& request);
caf::result<group_joined> join_producers(pointer self, const join_producer_group& request);
caf::result<group_left> leave_producers(pointer self, const leave_producer_group& request);
caf::result<group_description> describe(pointer self, const describe_group& request);
caf::result<group_list> list_all_groups(pointer self);
/// An unknown group pulls and may: from now on it is known.
void remember_group(pointer self, const group_name& group);
/// A topic was deleted here: all groups forget their offsets in it.
void forget_offsets_in(pointer self, const topic_name& topic);
bool bury_group(pointer self, const caf::actor_addr& who);
void end_groups(pointer self, const caf::error& why);

// Name servers, and the routes that groups watch.
void carry_out(pointer self, const registration_table::effects& effects);
void take_watch(pointer self, const watch_topics& wanted);
void take_route(pointer self, const topic_route& route);
void tell(pointer self, const std::vector<topic_watch_table::news>& news);
/// A topic was made, changed or dropped here.
void topic_became(pointer self, const topic_name& topic);
bool bury_name_server(pointer self, const caf::actor_addr& who);
void unregister(pointer self);

// Questions of tools.
caf::result<topic_configs> list_configs(pointer self, const get_topic_configs& query);
caf::result<topic_stats> stats_of(pointer self, const get_topic_stats& query);
caf::result<found_messages> view(pointer self, const view_message& query);
caf::result<found_messages> find_by_key(pointer self, const query_messages& query);
caf::result<broker_status> status(pointer self);

} // namespace cafmq::front_door

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafmq::front_door::tick)
