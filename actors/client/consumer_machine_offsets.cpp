#include "actors/client/consumer_machine.hpp"

// The half of the machine that keeps what was consumed.

namespace cafmq {

void consumer_machine::committed(const broker_name& broker, const commit_offsets& request) {
  for (const auto& [local, offset] : request.positions)
    if (auto* found = find({local.topic, broker, local.id})) found->commit_arrived(offset);
}

void consumer_machine::commit_failed(const broker_name& broker) {
  auto link = links_.find(broker);
  if (link != links_.end()) link->second.committed.clear();
}

void consumer_machine::commit(time_point now) { commit(commit_scope::changed, now); }

void consumer_machine::commit(commit_scope scope, time_point now) {
  next_commit_ = now + setup_.config.persist_consumer_offset_interval;
  wake_by(next_commit_);
  if (context_.broadcasting()) return keep_positions(scope);
  for (auto& [broker, link] : links_)
    commit_to(broker, link, scope);
}

caf::error consumer_machine::commit_all(time_point now) {
  commit(commit_scope::not_arrived, now);
  if (context_.broadcasting()) return {};
  std::int32_t left_out = 0;
  broker_name broker;
  for (auto& [queue, owned] : queues_) {
    if (is_ours(owned) || owned.consumer->is_committed()) continue;
    // Once for each offset: a broker that never comes back must not fail all later commits.
    if (owned.left_out == owned.consumer->committable()) continue;
    owned.left_out = owned.consumer->committable();
    ++left_out;
    broker = queue.broker;
  }
  if (left_out == 0) return {};
  return make_error(errc::broker_not_exist,
                    "the offsets of " + std::to_string(left_out)
                      + " queues are not committed: broker " + broker.value
                      + " cannot be reached, or has not assigned them anew; commit again later");
}

/// A broker that has less than we sent has dropped it: it is due again.
void consumer_machine::know_commit(const keep_queue& kept) {
  if (!context_.shares_queues()) return;
  auto link = links_.find(kept.queue.broker);
  if (link == links_.end()) return;
  auto sent = link->second.committed.find({kept.queue.topic, kept.queue.id});
  if (sent != link->second.committed.end()) sent->second = kept.committed;
}

/// Where a group begins is committed before anything is consumed: a member that dies before its
/// first commit would leave its heir to choose anew, and to skip what came meanwhile.
void consumer_machine::keep_start(const message_queue& queue, queue_offset start, time_point now) {
  if (context_.broadcasting())
    next_commit_ = now;
  else if (is_ours(queues_.at(queue)))
    links_.at(queue.broker).starts.insert_or_assign({queue.topic, queue.id}, start);
  wake_by(now);
}

void consumer_machine::commit_starts(const broker_name& broker, group_link& link) {
  commit_offsets request{{setup_.config.consumer_group}, setup_.client, {}};
  for (const auto& [local, start] : std::exchange(link.starts, {})) {
    auto* found = find({local.topic, broker, local.id});
    if (!found || !link.committed.emplace(local, start).second) continue; // a commit was quicker
    found->commit_sent(start);
    request.positions.push_back({local, start});
  }
  if (!request.positions.empty()) effects_.push_back(tell_group{broker, std::move(request)});
}

void consumer_machine::commit_to(const broker_name& broker, group_link& link, commit_scope scope) {
  commit_offsets request{{setup_.config.consumer_group}, setup_.client, {}};
  for (const auto& [queue, owned] : queues_) {
    auto position = owned.consumer->committable();
    if (queue.broker != broker || !position || !is_ours(owned)) continue;
    local_queue local{queue.topic, queue.id};
    auto [last, is_new] = link.committed.try_emplace(local, *position);
    bool is_sent = !is_new && last->second == *position;
    if (is_sent && (scope == commit_scope::changed || owned.consumer->is_committed())) continue;
    last->second = *position;
    owned.consumer->commit_sent(*position);
    request.positions.push_back({local, *position});
  }
  if (!request.positions.empty()) effects_.push_back(tell_group{broker, std::move(request)});
}

void consumer_machine::keep_positions(commit_scope scope) {
  bool changed = false;
  for (const auto& [queue, owned] : queues_) {
    auto position = owned.consumer->committable();
    if (!position) continue;
    auto [i, is_new] = kept_.try_emplace(queue, *position);
    changed = changed || is_new || i->second != *position;
    i->second = *position;
  }
  if (!changed && scope == commit_scope::changed) return;
  keep_offsets list;
  for (const auto& [queue, offset] : kept_)
    list.positions.push_back({queue, offset});
  effects_.push_back(std::move(list));
}

} // namespace cafmq
