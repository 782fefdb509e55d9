#include "actors/broker/topic_watch_table.hpp"

#include <algorithm>

namespace cafmq {

void topic_watch_table::remove(watcher who) {
  auto known = watchers_.find(who);
  if (known == watchers_.end()) return;
  for (const auto& topic : known->second) {
    auto found = topics_.find(topic);
    found->second.watchers.erase(who);
    if (found->second.watchers.empty()) topics_.erase(found);
  }
  watchers_.erase(known);
}

std::vector<topic_watch_table::news> topic_watch_table::own_changed(const topic_name& topic,
                                                                    std::int32_t own_queues) {
  auto found = topics_.find(topic);
  if (found == topics_.end() || found->second.own_queues == own_queues) return {};
  found->second.own_queues = own_queues;
  return tell(topic);
}

std::vector<topic_watch_table::news> topic_watch_table::route_learned(const topic_route& route) {
  auto found = topics_.find(route.topic);
  if (found == topics_.end()) return {};
  auto& known = found->second;
  std::vector<queue_route> others;
  auto knows_us = false;
  for (const auto& queues : route.queues) {
    if (queues.broker == own_)
      knows_us = true;
    else if ((queues.perm & permission::read) != 0 && queues.read_queues > 0)
      others.push_back(queues);
  }
  if (known.own_queues > 0 && !knows_us) return {};
  if (others == known.others) return {};
  known.others = std::move(others);
  return tell(route.topic);
}

std::vector<message_queue> topic_watch_table::queues(const topic_name& topic) const {
  std::vector<message_queue> result;
  auto found = topics_.find(topic);
  if (found == topics_.end()) return result;
  auto add = [&](const broker_name& broker, std::int32_t count) {
    for (std::int32_t id = 0; id < count; ++id)
      result.push_back({topic, broker, {id}});
  };
  add(own_, found->second.own_queues);
  for (const auto& other : found->second.others)
    add(other.broker, other.read_queues);
  std::sort(result.begin(), result.end());
  return result;
}

std::vector<topic_name> topic_watch_table::topics() const {
  std::vector<topic_name> result;
  for (const auto& [topic, known] : topics_)
    result.push_back(topic);
  return result;
}

std::vector<topic_name>
topic_watch_table::replace(watcher who, const std::vector<topic_name>& topics, watched& result) {
  std::set<topic_name> wanted(topics.begin(), topics.end());
  auto& watched_before = watchers_[who];
  std::vector<topic_name> added;
  for (const auto& topic : wanted) {
    if (watched_before.contains(topic)) continue;
    added.push_back(topic);
    auto [found, is_first] = topics_.try_emplace(topic);
    if (is_first) result.first_wanted.push_back(topic);
    found->second.watchers.insert(who);
  }
  for (const auto& topic : watched_before) {
    if (wanted.contains(topic)) continue;
    auto found = topics_.find(topic);
    found->second.watchers.erase(who);
    if (found->second.watchers.empty()) topics_.erase(found);
  }
  watched_before = std::move(wanted);
  if (watched_before.empty()) watchers_.erase(who);
  return added;
}

std::vector<topic_watch_table::news> topic_watch_table::tell(const topic_name& topic) const {
  std::vector<news> result;
  for (auto who : topics_.at(topic).watchers)
    result.push_back({who, {topic, queues(topic)}});
  return result;
}

} // namespace cafmq
