#pragma once

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include "messages/admin.hpp"
#include "messages/consuming.hpp"
#include "messages/groups.hpp"
#include "messages/name_server.hpp"
#include "messages/producing.hpp"
#include "messages/storing.hpp"

namespace cafmq {

/// A handle written as signatures: `typed_handle<reply(request), void(notice)>`.
namespace detail {
template <class Signature>
struct clause;
template <class Request>
struct clause<void(Request)> {
  using type = caf::reacts_to<Request>;
};
template <class Reply, class Request>
struct clause<Reply(Request)> {
  using type = typename caf::replies_to<Request>::template with<Reply>;
};
} // namespace detail

template <class... Signatures>
using typed_handle = caf::typed_actor<typename detail::clause<Signatures>::type...>;

/// `Handle` plus what the actor says to itself, or hears only inside its broker.
template <class Handle, class... Signatures>
using extended_handle =
  typename Handle::template extend<typename detail::clause<Signatures>::type...>;

/// Published by a name server at its listen port.
using name_server_handle = typed_handle<broker_registered(register_broker), void(unregister_broker),
                                        topic_route(get_topic_route), void(subscribe_routes),
                                        topic_list(list_topics), cluster_info(get_cluster_info)>;

/// Hears of route changes: whoever sends `subscribe_routes`.
using route_listener_handle = typed_handle<void(topic_route_changed)>;

/// One queue of a broker: order, waiting pulls.
using message_queue_handle =
  typed_handle<send_receipt(send_batch), void(send_oneway), pulled_messages(pull_messages),
               queue_bounds(get_queue_bounds), found_offset(search_offset), void(queue_advanced)>;

/// The only writer of a broker's store. Detached, or on the test scheduler in simulations.
using commit_log_handle =
  typed_handle<send_receipt(send_batch), void(send_oneway), void(watch_queue),
               store_status(get_store_status), queues_removed(remove_queues)>;

/// Syncs files on a thread of its own, so that appends go on meanwhile.
using flusher_handle = typed_handle<files_synced(sync_files)>;

/// Reads what may have to come from a disk, on a thread of its own.
using cold_reader_handle =
  typed_handle<pulled_messages(pull_messages), queue_bounds(get_queue_bounds),
               found_offset(search_offset), found_messages(view_message),
               found_messages(query_messages)>;

/// The writer of config/*.json. Detached, or on the test scheduler in simulations.
using metadata_store_handle =
  typed_handle<metadata_saved(save_topics), void(save_offsets), void(forget_offsets),
               committed_offsets(load_offsets), metadata_saved(save_group),
               metadata_saved(flush_metadata)>;

/// A consumer group on a broker: members, their queues, offsets, locks.
using consumer_group_handle =
  typed_handle<group_joined(join_consumer_group), group_left(leave_consumer_group),
               void(release_queues), offsets_committed(commit_offsets),
               committed_offsets(fetch_offsets), locked_queues(lock_queues), void(unlock_queues),
               void(topic_queues_changed), void(forget_topic), group_description(describe_group),
               group_summary(get_group_summary)>;

/// The broker, as its consumer groups address it: whoever sends `watch_topics` hears of the queues.
using group_host_handle = typed_handle<void(watch_topics)>;

/// A member of a consumer group, as its group addresses it.
using group_member_handle = typed_handle<void(queue_assignment)>;

/// A producer group on a broker: who lives.
using producer_group_handle =
  typed_handle<group_joined(join_producer_group), group_left(leave_producer_group),
               group_summary(get_group_summary)>;

/// The front door of a broker, published at its listen port: it checks, then delegates to queues
/// and groups.
using broker_handle = typed_handle<
  send_receipt(send_batch), void(send_oneway), pulled_messages(pull_messages),
  queue_bounds(get_queue_bounds), found_offset(search_offset), group_joined(join_consumer_group),
  group_left(leave_consumer_group), void(release_queues), offsets_committed(commit_offsets),
  committed_offsets(fetch_offsets), locked_queues(lock_queues), void(unlock_queues),
  group_joined(join_producer_group), group_left(leave_producer_group), topic_changed(update_topic),
  topic_deleted(delete_topic), topic_configs(get_topic_configs), topic_stats(get_topic_stats),
  group_list(list_groups), group_description(describe_group), found_messages(view_message),
  found_messages(query_messages), broker_status(get_broker_status)>;

} // namespace cafmq
