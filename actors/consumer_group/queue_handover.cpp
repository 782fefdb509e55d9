#include "actors/consumer_group/queue_handover.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace cafmq {

namespace {

bool is_nobody(const client_id& client) { return client.value.empty(); }

} // namespace

/// A free queue goes to whom the allocation wants it to.
void queue_handover::give(const local_queue& queue, entry& what, std::set<client_id>& told) {
  if (!is_nobody(what.owner) || is_nobody(what.wanted)) return;
  assert(!what.deadline);
  what.owner = what.wanted;
  what.is_void = false;
  members_.at(what.owner).queues.insert(queue);
  told.insert(what.owner);
}

void queue_handover::ask_back(const local_queue& queue, entry& what, time_point now,
                              std::set<client_id>& told) {
  what.deadline = now + release_timeout_;
  members_.at(what.owner).queues.erase(queue);
  told.insert(what.owner);
}

/// Takes a queue from an owner that may not know of it.
void queue_handover::evict(const local_queue& queue, entry& what) {
  if (evictions_.size() >= evictions_max) evictions_.pop_front();
  evictions_.push_back({std::exchange(what.owner, {}), queue});
}

queue_handover::news queue_handover::tell(const std::set<client_id>& told) {
  for (const auto& client : told)
    members_.at(client).revision = ++last_revision_;
  return {told.begin(), told.end()};
}

queue_handover::news queue_handover::want(const std::vector<client_id>& sharers,
                                          const std::map<local_queue, client_id>& owners,
                                          time_point now) {
  std::set<client_id> told;
  for (const auto& client : sharers)
    if (members_.try_emplace(client).second) told.insert(client);
  for (const auto& [queue, client] : owners)
    queues_.try_emplace(queue);
  for (auto i = queues_.begin(); i != queues_.end();) {
    auto& [queue, what] = *i;
    auto wanted = owners.find(queue);
    what.wanted = wanted == owners.end() ? client_id{} : wanted->second;
    if (!is_nobody(what.owner) && !what.deadline && what.owner != what.wanted)
      ask_back(queue, what, now, told);
    give(queue, what, told);
    i = is_nobody(what.owner) && is_nobody(what.wanted) ? queues_.erase(i) : std::next(i);
  }
  return tell(told);
}

queue_handover::news queue_handover::forget(const topic_name& topic, time_point now) {
  std::set<client_id> told;
  for (auto& [queue, what] : queues_) {
    if (queue.topic != topic) continue;
    what.wanted = {};
    if (is_nobody(what.owner)) continue;
    what.is_void = true;
    if (!what.deadline) ask_back(queue, what, now, told);
  }
  return tell(told);
}

queue_handover::news queue_handover::release(const client_id& client,
                                             const std::vector<local_queue>& queues) {
  std::set<client_id> told;
  for (const auto& queue : queues) {
    auto known = queues_.find(queue);
    // Not moving: a late answer to an earlier request, the queue has been given to it anew.
    if (known == queues_.end() || known->second.owner != client || !known->second.deadline)
      continue;
    known->second.owner = {};
    known->second.deadline.reset();
    give(queue, known->second, told);
  }
  return tell(told);
}

void queue_handover::remove(const client_id& client, farewell how) {
  for (auto& [queue, what] : queues_) {
    if (what.wanted == client) what.wanted = {};
    if (what.owner != client) continue;
    if (how == farewell::silent) evict(queue, what);
    what.owner = {};
    what.deadline.reset();
  }
  if (how == farewell::left) // it says no more of what it had
    std::erase_if(evictions_, [&](const auto& one) { return one.client == client; });
  members_.erase(client);
}

queue_handover::news queue_handover::expire(time_point now) {
  std::set<client_id> told;
  for (auto& [queue, what] : queues_) {
    if (!what.deadline || *what.deadline > now) continue;
    evict(queue, what);
    what.deadline.reset();
    give(queue, what, told);
  }
  return tell(told);
}

std::optional<queue_handover::time_point> queue_handover::next_deadline() const {
  std::optional<time_point> result;
  for (const auto& [queue, what] : queues_)
    if (what.deadline && (!result || *what.deadline < *result)) result = what.deadline;
  return result;
}

queue_handover::assignment queue_handover::assignment_of(const client_id& client) const {
  auto known = members_.find(client);
  if (known == members_.end()) return {};
  return {known->second.revision, {known->second.queues.begin(), known->second.queues.end()}};
}

client_id queue_handover::owner_of(const local_queue& queue) const {
  auto known = queues_.find(queue);
  return known == queues_.end() ? client_id{} : known->second.owner;
}

bool queue_handover::may_commit(const client_id& client, const local_queue& queue) const {
  if (is_nobody(client)) return true;
  auto known = queues_.find(queue);
  if (known != queues_.end() && !is_nobody(known->second.owner))
    return known->second.owner == client && !known->second.is_void;
  return std::find(evictions_.begin(), evictions_.end(), eviction{client, queue})
         == evictions_.end();
}

} // namespace cafmq
