#pragma once

#include <map>
#include <string>
#include <vector>

#include "messages/codec/metadata_json.hpp"
#include "messages/storing.hpp"

namespace cafmq {

/// What a broker keeps in config/topics.json, consumerOffset.json and subscriptionGroup.json,
/// between reading and writing them.
class metadata_tables {
public:
  metadata_tables() = default;
  metadata_tables(topics_document topics, offsets_document offsets, groups_document groups);

  const data_version& topics_version() const { return topics_.version; }
  const std::map<topic_name, topic_config>& topics() const { return topics_.topics; }
  const std::map<group_name, group_settings>& groups() const { return groups_.groups; }

  /// The file for this table of topics.
  std::string topics_text(const save_topics& all) const;
  /// Replaces all topics: their file is written. The offsets in those that went are forgotten,
  /// since the queues of a topic that comes again begin anew. True when there were such offsets.
  bool set_topics(const save_topics& all);
  /// Merges; the last writer wins. False when nothing changed.
  bool set_offsets(const save_offsets& changed);
  /// False when there were none.
  bool forget(const forget_offsets& what);
  /// False when it is known already.
  bool add_group(const group_name& group, wall_time_ms now);
  /// Takes it back: it could not be written.
  void remove_group(const group_name& group) { groups_.groups.erase(group); }

  /// All offsets of a group, sorted by queue.
  std::vector<queue_position> offsets_of(const group_name& group) const;

  std::string groups_text() const { return write_groups_json(groups_); }
  /// Advances the version.
  std::string offsets_text(wall_time_ms now);

private:
  using group_offsets = std::map<topic_name, std::map<queue_id, queue_offset>>;

  topics_document topics_;
  groups_document groups_;
  data_version offsets_version_;
  std::string offsets_others_;
  std::map<group_name, group_offsets> offsets_;
};

} // namespace cafmq
