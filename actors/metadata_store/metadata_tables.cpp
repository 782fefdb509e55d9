#include "actors/metadata_store/metadata_tables.hpp"

#include <utility>

namespace cafmq {

namespace {

std::map<topic_name, topic_config> by_name(const save_topics& all) {
  std::map<topic_name, topic_config> result;
  for (const auto& topic : all.topics)
    result.emplace(topic.topic, topic);
  return result;
}

} // namespace

metadata_tables::metadata_tables(topics_document topics, offsets_document offsets,
                                 groups_document groups)
    : topics_(std::move(topics)), groups_(std::move(groups)), offsets_version_(offsets.version),
      offsets_others_(std::move(offsets.others)) {
  for (auto& [owner, queues] : offsets.offsets)
    offsets_[owner.group][owner.topic] = std::move(queues);
}

std::string metadata_tables::topics_text(const save_topics& all) const {
  return write_topics_json({all.version, by_name(all), topics_.others});
}

bool metadata_tables::set_topics(const save_topics& all) {
  auto before = std::exchange(topics_.topics, by_name(all));
  topics_.version = all.version;
  auto has_gone = [&](const auto& entry) {
    return before.contains(entry.first) && !topics_.topics.contains(entry.first);
  };
  std::size_t dropped = 0;
  for (auto& [group, topics] : offsets_)
    dropped += std::erase_if(topics, has_gone);
  return dropped > 0;
}

bool metadata_tables::set_offsets(const save_offsets& changed) {
  auto is_changed = false;
  for (const auto& [queue, offset] : changed.positions) {
    if (offset.value < 0) continue;
    auto [known, is_new] = offsets_[changed.group][queue.topic].try_emplace(queue.id, offset);
    is_changed |= is_new || known->second != offset;
    known->second = offset;
  }
  return is_changed;
}

bool metadata_tables::forget(const forget_offsets& what) {
  if (!what.group.value.empty()) {
    auto found = offsets_.find(what.group);
    return found != offsets_.end() && found->second.erase(what.topic) > 0;
  }
  std::size_t dropped = 0;
  for (auto& [group, topics] : offsets_)
    dropped += topics.erase(what.topic);
  return dropped > 0;
}

bool metadata_tables::add_group(const group_name& group, wall_time_ms now) {
  if (!groups_.groups.try_emplace(group).second) return false;
  ++groups_.version.counter;
  groups_.version.timestamp = now;
  return true;
}

std::vector<queue_position> metadata_tables::offsets_of(const group_name& group) const {
  std::vector<queue_position> result;
  auto found = offsets_.find(group);
  if (found == offsets_.end()) return result;
  for (const auto& [topic, queues] : found->second)
    for (const auto& [id, offset] : queues)
      result.push_back({{topic, id}, offset});
  return result;
}

std::string metadata_tables::offsets_text(wall_time_ms now) {
  ++offsets_version_.counter;
  offsets_version_.timestamp = now;
  offsets_document document{offsets_version_, {}, offsets_others_};
  for (const auto& [group, topics] : offsets_)
    for (const auto& [topic, queues] : topics)
      document.offsets.emplace(group_topic{topic, group}, queues);
  return write_offsets_json(document);
}

} // namespace cafmq
