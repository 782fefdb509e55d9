#include "actors/client/owned_queues.hpp"

#include <cassert>

namespace cafmq {

template <class Affects>
ownership_changes owned_queues::replace_where(std::map<message_queue, queue_offset> wanted,
                                              Affects affects) {
  ownership_changes changes;
  for (auto& [queue, state] : queues_) {
    if (!affects(queue) || wanted.count(queue) != 0) continue;
    state.wanted = false;
    if (state.stopping) continue;
    state.stopping = true;
    changes.push_back(stop_queue{queue});
  }
  for (const auto& [queue, committed] : wanted)
    want(queue, committed, changes);
  return changes;
}

void owned_queues::want(const message_queue& queue, queue_offset committed,
                        ownership_changes& changes) {
  auto [i, is_new] = queues_.try_emplace(queue);
  auto& state = i->second;
  state.wanted = true;
  state.committed = committed;
  if (is_new)
    changes.push_back(start_queue{queue, committed});
  else if (!state.stopping)
    changes.push_back(keep_queue{queue, committed});
}

ownership_changes owned_queues::assigned(const queue_assignment& assignment) {
  auto& newest = revisions_[assignment.broker];
  if (assignment.revision <= newest) return {};
  newest = assignment.revision;
  std::map<message_queue, queue_offset> wanted;
  for (const auto& [queue, committed] : assignment.queues)
    wanted.insert_or_assign({queue.topic, assignment.broker, queue.id}, committed);
  return replace_where(std::move(wanted), [&](const message_queue& queue) {
    return queue.broker == assignment.broker;
  });
}

void owned_queues::link_lost(const broker_name& broker) { revisions_.erase(broker); }

ownership_changes owned_queues::replace(const std::vector<message_queue>& queues) {
  std::map<message_queue, queue_offset> wanted;
  for (const auto& queue : queues)
    wanted.emplace(queue, no_offset);
  return replace_where(std::move(wanted), [](const message_queue&) { return true; });
}

ownership_changes owned_queues::replace(const topic_name& topic,
                                        const std::vector<message_queue>& queues) {
  std::map<message_queue, queue_offset> wanted;
  for (const auto& queue : queues)
    if (queue.topic == topic) wanted.emplace(queue, no_offset);
  return replace_where(std::move(wanted),
                       [&](const message_queue& queue) { return queue.topic == topic; });
}

std::optional<start_queue> owned_queues::stopped(const message_queue& queue) {
  auto i = queues_.find(queue);
  assert(i != queues_.end() && i->second.stopping);
  if (!i->second.wanted) {
    queues_.erase(i);
    return std::nullopt;
  }
  i->second.stopping = false;
  return start_queue{queue, i->second.committed};
}

std::int64_t owned_queues::revision(const broker_name& broker) const {
  auto i = revisions_.find(broker);
  return i == revisions_.end() ? 0 : i->second;
}

bool owned_queues::owns(const message_queue& queue) const {
  auto i = queues_.find(queue);
  return i != queues_.end() && i->second.wanted;
}

} // namespace cafmq
