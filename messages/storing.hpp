#pragma once

#include <memory>
#include <string>
#include <vector>

#include "messages/groups.hpp"
#include "messages/ids.hpp"
#include "messages/inspect.hpp"
#include "messages/message.hpp"
#include "messages/topic.hpp"

namespace cafmq {

// What is said inside one broker, between its front door, its queues and groups, and the two actors
// that own files: the commit log and the metadata store. None of it leaves the process.

/// Sent once by a queue actor to the commit log: the sender wants `queue_advanced` for this queue
/// from now on, and the first at once, since a batch may have gone by unseen; a later sender
/// replaces the earlier one.
struct watch_queue {
  local_queue queue;
};
CAFMQ_INSPECT(watch_queue, queue)

/// The commit log tells a queue actor that messages below `max` may be read now: they are indexed
/// and, under SYNC_FLUSH, synced.
struct queue_advanced {
  queue_offset max;
};
CAFMQ_INSPECT(queue_advanced, max)

/// Asked of the commit log by the broker. Answer: `store_status`.
struct get_store_status {};
CAFMQ_INSPECT_EMPTY(get_store_status)

struct store_status {
  bool accepts_messages = true;
  std::string refusal; ///< why not, a sentence
  log_position log_min;
  log_position log_max;
  log_position log_flushed;
};
CAFMQ_INSPECT(store_status, accepts_messages, refusal, log_min, log_max, log_flushed)

/// The broker deletes a topic: its queue files go, its records stay in the log until retention.
/// Answer: `queues_removed`.
struct remove_queues {
  topic_name topic;
};
CAFMQ_INSPECT(remove_queues, topic)

struct queues_removed {};
CAFMQ_INSPECT_EMPTY(queues_removed)

/// The broker to the metadata store: write config/topics.json now. Answer: `metadata_saved`, on
/// disk. Error: io_error.
struct save_topics {
  data_version version;
  std::vector<topic_config> topics; ///< the whole table
};
CAFMQ_INSPECT(save_topics, version, topics)

struct metadata_saved {};
CAFMQ_INSPECT_EMPTY(metadata_saved)

/// A consumer group to the metadata store: these offsets changed; they are merged and written with
/// the next file.
struct save_offsets {
  group_name group;
  std::vector<queue_position> positions;
};
CAFMQ_INSPECT(save_offsets, group, positions)

/// To the metadata store, after a topic was deleted: offsets in it are void. The broker says so for
/// all groups; a group says it again for itself, since the topic was gone before the group knew and
/// its last `save_offsets` may have come in between.
struct forget_offsets {
  topic_name topic;
  group_name group; ///< empty: all
};
CAFMQ_INSPECT(forget_offsets, topic, group)

/// The broker to the metadata store, before it makes or remakes a group's actor. Answer:
/// `committed_offsets`, all of the group, with everything that was saved before.
struct load_offsets {
  group_name group;
};
CAFMQ_INSPECT(load_offsets, group)

/// The broker to the metadata store: write config/subscriptionGroup.json now, this group is new.
/// Answer: `metadata_saved`. Error: io_error.
struct save_group {
  group_name group;
};
CAFMQ_INSPECT(save_group, group)

/// Write everything that is pending now. Answer: `metadata_saved`.
struct flush_metadata {};
CAFMQ_INSPECT_EMPTY(flush_metadata)

/// The broker to a consumer group: all queues of a subscribed topic in the whole cluster, and which
/// of them are here.
struct topic_queues_changed {
  topic_name topic;
  std::vector<message_queue> queues; ///< readable queues, sorted
};
CAFMQ_INSPECT(topic_queues_changed, topic, queues)

/// The broker to a consumer group: this topic was deleted here. One of the same name that comes
/// later, or is there again already, is a new topic to the group.
struct forget_topic {
  topic_name topic;
};
CAFMQ_INSPECT(forget_topic, topic)

/// A consumer group to its broker: tell me `topic_queues_changed` for these topics, now and
/// whenever it changes.
struct watch_topics {
  std::vector<topic_name> topics;
};
CAFMQ_INSPECT(watch_topics, topics)

struct flush_job;

/// The commit log to its flusher: sync these files. Answer: `files_synced`. Error: io_error, and
/// nobody knows what is on the disk.
struct sync_files {
  std::shared_ptr<const flush_job> job; ///< stays in the process
};
CAFMQ_INSPECT_EMPTY(sync_files)

struct files_synced {};
CAFMQ_INSPECT_EMPTY(files_synced)

/// The commit log's reminders to itself.
struct commit_burst {};
CAFMQ_INSPECT_EMPTY(commit_burst)

struct flush_store {};
CAFMQ_INSPECT_EMPTY(flush_store)

struct clean_store {};
CAFMQ_INSPECT_EMPTY(clean_store)

} // namespace cafmq
