#include "actors/client/consumer_machine.hpp"

#include <algorithm>
#include <cassert>

namespace cafmq {

namespace {

using namespace std::chrono_literals;

constexpr auto wait_after_failed_join = 3'000ms;
/// A refused lock is asked for again (RocketMQ 5: RebalanceImpl, 500 ms).
constexpr auto wait_after_refused_lock = 500ms;
/// Joins that in a row tell of an assignment never heard before the member joins afresh.
constexpr std::int32_t missed_assignments_max = 2;

} // namespace

caf::expected<std::unique_ptr<consumer_machine>> consumer_machine::make(consumer_setup setup) {
  if (setup.config.consumer_group.empty())
    return make_error(errc::invalid_parameter, "a consumer needs the name of its group");
  std::unique_ptr<consumer_machine> machine{new consumer_machine(std::move(setup))};
  for (auto& wanted : machine->setup_.subscriptions) {
    auto expression = subscription_expression::parse(wanted.expression);
    if (!expression) return std::move(expression.error());
    machine->subscriptions_.insert_or_assign(wanted.topic, std::move(*expression));
    wanted.version = machine->setup_.started_at;
  }
  return machine;
}

consumer_machine::consumer_machine(consumer_setup setup) : setup_(std::move(setup)) {
  context_.config = setup_.config;
  context_.client = setup_.client;
  context_.request_limit = setup_.request_limit;
  context_.sizing =
    batch_sizing{setup_.listener_threads, setup_.config.consume_message_batch_max_size};
  constexpr wall_time_ms half_an_hour = 30 * 60 * 1'000; // RocketMQ: consumeTimestamp
  context_.start = {setup_.config.from, setup_.config.consume_timestamp != 0
                                          ? setup_.config.consume_timestamp
                                          : setup_.started_at - half_an_hour};
}

void consumer_machine::start(const std::vector<consumed_position>& kept, time_point now) {
  for (const auto& [queue, offset] : kept)
    kept_.insert_or_assign(queue, offset);
  next_commit_ = now + setup_.config.persist_consumer_offset_interval;
  wake_by(next_commit_);
}

void consumer_machine::topic_queues(const topic_name& topic,
                                    const std::vector<message_queue>& queues, time_point now) {
  if (context_.broadcasting() && !closing_) carry_out(ownership_.replace(topic, queues), now);
}

void consumer_machine::link_up(const broker_name& broker, time_point now) {
  if (leaving_) return;
  auto& link = links_[broker];
  link = {};
  link.life = ++last_link_life_;
  if (!closing_) join(broker, link, now);
  for (auto& [queue, owned] : queues_) {
    if (queue.broker != broker) continue;
    if (!context_.shares_queues()) owned.link_life = link.life;
    owned.consumer->link(true, now, effects_);
    touch(*owned.consumer, now);
  }
}

void consumer_machine::link_down(const broker_name& broker, time_point now) {
  links_.erase(broker);
  ownership_.link_lost(broker);
  for (auto& [queue, owned] : queues_) {
    if (queue.broker != broker) continue;
    owned.link_life = 0;
    owned.consumer->link(false, now, effects_);
  }
  finish_closing(now);
}

join_consumer_group consumer_machine::join_request() const {
  const auto& config = setup_.config;
  return {{config.consumer_group}, setup_.client,        config.model,  config.from,
          config.orderly,          setup_.subscriptions, config.sharing};
}

void consumer_machine::join(const broker_name& broker, group_link& link, time_point now) {
  link.next_join = now + setup_.heartbeat_interval;
  wake_by(link.next_join);
  effects_.push_back(tell_group{broker, join_request()});
}

void consumer_machine::joined(const broker_name& broker, const group_joined& answer,
                              time_point now) {
  auto i = links_.find(broker);
  if (i == links_.end() || closing_) return;
  problem_.clear();
  auto& link = i->second;
  link.missed = answer.assignment_revision > ownership_.revision(broker) ? link.missed + 1 : 0;
  if (link.missed < missed_assignments_max) return;
  link.missed = 0;
  effects_.push_back(
    report{"assignment-missed", "broker " + broker.value
                                  + " has assigned queues that were never heard of: joining anew"});
  effects_.push_back(
    tell_group{broker, leave_consumer_group{{setup_.config.consumer_group}, setup_.client}});
  join(broker, link, now);
}

void consumer_machine::join_failed(const broker_name& broker, const caf::error& reason,
                                   time_point now) {
  auto i = links_.find(broker);
  if (i == links_.end() || closing_) return;
  problem_ = "broker " + broker.value + " refuses this member of group "
             + setup_.config.consumer_group + ": " + sentence(reason);
  effects_.push_back(report{"join-failed", problem_});
  i->second.next_join = std::min(i->second.next_join, now + wait_after_failed_join);
  wake_by(i->second.next_join);
}

void consumer_machine::assigned(const queue_assignment& assignment, time_point now) {
  auto i = links_.find(assignment.broker);
  if (closing_ || i == links_.end() || !context_.shares_queues()
      || assignment.group.value != setup_.config.consumer_group)
    return;
  // Another member subscribes to more topics: a fault of the group's program, and theirs to
  // consume.
  auto ours = assignment;
  std::erase_if(ours.queues, [this](const assigned_queue& assigned) {
    return subscriptions_.count(assigned.queue.topic) == 0;
  });
  carry_out(ownership_.assigned(ours), now);
  if (context_.needs_locks()) lock(i->first, i->second, now);
}

void consumer_machine::carry_out(const ownership_changes& changes, time_point now) {
  for (const auto& change : changes) {
    if (const auto* start = std::get_if<start_queue>(&change)) {
      begin(*start, now);
    } else if (const auto* keep = std::get_if<keep_queue>(&change)) {
      confirm(keep->queue);
      know_commit(*keep);
      auto& consumer = *queues_.at(keep->queue).consumer;
      consumer.keep(keep->committed, now, effects_);
      touch(consumer, now);
    } else {
      const auto& queue = std::get<stop_queue>(change).queue;
      queues_.at(queue).consumer->stop(effects_);
      settle(queue, now);
    }
  }
}

void consumer_machine::begin(const start_queue& change, time_point now) {
  const auto& queue = change.queue;
  auto& owned = queues_[queue];
  auto start_at = change.committed;
  // No offset for a queue that we had: its topic was deleted and made again.
  if (!owned.consumer || (context_.shares_queues() && change.committed == no_offset)) {
    owned.consumer = std::make_unique<queue_consumer>(context_, queue, subscriptions_[queue.topic]);
    owned.consumer->link(links_.count(queue.broker) != 0, now, effects_);
  } else if (auto own = owned.consumer->committable()) {
    start_at = std::max(start_at, *own); // taken away and given back before it had stopped
  }
  if (auto kept = kept_.find(queue); kept != kept_.end() && context_.broadcasting())
    start_at = std::max(start_at, kept->second);
  confirm(queue);
  if (context_.shares_queues()) owned.consumer->commit_arrived(change.committed);
  owned.consumer->start(start_at,
                        context_.shares_queues() || context_.broadcasting()
                          ? queue_consumer::committed_offset::known
                          : queue_consumer::committed_offset::ask,
                        now, effects_);
  touch(*owned.consumer, now);
}

/// The queue is ours by what the present link to its broker says.
void consumer_machine::confirm(const message_queue& queue) {
  auto link = links_.find(queue.broker);
  if (link != links_.end()) queues_.at(queue).link_life = link->second.life;
}

bool consumer_machine::is_ours(const owned_queue& owned) const {
  auto link = links_.find(owned.consumer->queue().broker);
  return link != links_.end() && owned.link_life == link->second.life;
}

void consumer_machine::settle(const message_queue& queue, time_point now) {
  auto i = queues_.find(queue);
  if (i == queues_.end()) return;
  auto& owned = i->second;
  if (!owned.consumer->stopped()) return touch(*owned.consumer, now);
  if (closing_) return finish_closing(now);
  if (auto again = ownership_.stopped(queue)) return begin(*again, now);
  give_back(owned);
  queues_.erase(queue);
}

void consumer_machine::give_back(const owned_queue& owned) {
  const auto& queue = owned.consumer->queue();
  local_queue local{queue.topic, queue.id};
  auto position = owned.consumer->committable();
  if (context_.broadcasting() && position) kept_.insert_or_assign(queue, *position);
  if (!is_ours(owned) || context_.broadcasting()) return;
  auto& link = links_.at(queue.broker);
  link.committed.erase(local);
  auto start = link.starts.extract(local);
  if (!setup_.config.auto_commit) position = start ? std::optional{start.mapped()} : std::nullopt;
  group_name group{setup_.config.consumer_group};
  if (context_.needs_locks())
    effects_.push_back(tell_group{queue.broker, unlock_queues{group, setup_.client, {local}}});
  if (context_.shares_queues())
    effects_.push_back(tell_group{
      queue.broker, release_queues{group, setup_.client, {{local, position.value_or(no_offset)}}}});
  else if (position)
    effects_.push_back(
      tell_group{queue.broker, commit_offsets{group, setup_.client, {{local, *position}}}});
}

void consumer_machine::lock(const broker_name& broker, group_link& link, time_point now) {
  lock_queues request{{setup_.config.consumer_group}, setup_.client, {}};
  bool waiting = false;
  for (const auto& [queue, owned] : queues_) {
    if (queue.broker != broker || !is_ours(owned) || owned.consumer->leaving()) continue;
    request.queues.push_back({queue.topic, queue.id});
    waiting = waiting || owned.consumer->stage() == queue_stage::locking;
  }
  link.next_lock = now + (waiting ? setup_.request_limit : setup_.config.lock_interval);
  wake_by(link.next_lock);
  if (!request.queues.empty()) effects_.push_back(tell_group{broker, std::move(request)});
}

void consumer_machine::locked(const broker_name& broker, time_point asked,
                              const lock_queues& request, const locked_queues& held,
                              time_point now) {
  auto link = links_.find(broker);
  if (link == links_.end()) return;
  link->second.next_lock = asked + setup_.config.lock_interval;
  for (const auto& local : request.queues) {
    auto i = queues_.find({local.topic, broker, local.id});
    if (i == queues_.end()) continue;
    bool granted = std::find(held.queues.begin(), held.queues.end(), local) != held.queues.end();
    i->second.consumer->lock(granted, asked, now, effects_);
    settle(i->first, now);
  }
  wake_by(link->second.next_lock);
}

void consumer_machine::lock_failed(const broker_name& broker, time_point now) {
  auto link = links_.find(broker);
  if (link == links_.end()) return;
  link->second.next_lock = now + wait_after_refused_lock;
  wake_by(link->second.next_lock);
}

void consumer_machine::question_failed(const message_queue& queue, std::int64_t ticket,
                                       const caf::error& reason, time_point now) {
  auto* found = find(queue);
  if (!found) return;
  found->fail(ticket, code_of(reason), now, effects_);
  touch(*found, now);
}

void consumer_machine::consumed(const consume_result& result, time_point now) {
  auto i = context_.deliveries.find(result.delivery);
  if (i == context_.deliveries.end()) return;
  auto what = i->second;
  context_.deliveries.erase(i);
  if (result.untried == no_offset) context_.sizing.observe(what.count, result.elapsed);
  bool was_over = context_.over_total();
  auto queue = what.queue->queue();
  what.queue->consumed(what, result, now, effects_);
  settle(queue, now);
  if (was_over && !context_.over_total()) pull_all(now);
}

void consumer_machine::delivery_failed(delivery_id id, std::chrono::nanoseconds elapsed,
                                       time_point now) {
  auto i = context_.deliveries.find(id);
  if (i == context_.deliveries.end()) return;
  auto result = i->second.queue->failure_of(id, i->second);
  result.elapsed = elapsed;
  consumed(result, now);
}

void consumer_machine::abandon_deliveries(time_point now) {
  while (!context_.deliveries.empty())
    consumed({context_.deliveries.begin()->first, {}, queue_offset{0}}, now);
}

void consumer_machine::suspend(bool suspended, time_point now) {
  context_.suspended = suspended;
  pull_all(now);
}

void consumer_machine::pull_all(time_point now) {
  for (auto& [queue, owned] : queues_) {
    owned.consumer->pull(now, effects_);
    touch(*owned.consumer, now);
  }
}

caf::error consumer_machine::assign(const std::vector<message_queue>& queues, time_point now) {
  if (context_.shares_queues() || context_.broadcasting())
    return make_error(errc::invalid_parameter,
                      "this consumer shares queues with its group, so none can be assigned to it; "
                      "use the allocation NONE");
  if (closing_) return make_error(errc::client_closed);
  for (const auto& queue : queues) {
    if (!subscriptions_.try_emplace(queue.topic).second) continue;
    setup_.subscriptions.push_back({queue.topic, "*", setup_.started_at});
    for (auto& [broker, link] : links_)
      join(broker, link, now);
  }
  carry_out(ownership_.replace(queues), now);
  return {};
}

caf::error consumer_machine::seek(const message_queue& queue, queue_offset to, time_point now) {
  auto* found = find(queue);
  if (!found || !ownership_.owns(queue))
    return make_error(errc::invalid_parameter, "queue " + std::to_string(queue.id.value)
                                                 + " of topic " + queue.topic.value + " on broker "
                                                 + queue.broker.value + " is not this consumer's");
  found->seek(to, now, effects_);
  settle(queue, now);
  return {};
}

void consumer_machine::close(time_point now) {
  if (closing_) return;
  closing_ = true;
  closing_deadline_ = now + setup_.config.await_termination;
  wake_by(closing_deadline_);
  for (auto& [queue, owned] : queues_)
    owned.consumer->stop(effects_);
  finish_closing(now);
}

/// First the listeners, then the last commit and the goodbyes, each for a limited time.
void consumer_machine::finish_closing(time_point now) {
  if (!closing_ || done_) return;
  bool late = now >= closing_deadline_;
  if (!leaving_) {
    bool idle = context_.deliveries.empty();
    if (!idle && !late) return;
    if (setup_.config.auto_commit || context_.broadcasting()) commit(now);
    for (const auto& [broker, link] : links_)
      effects_.push_back(
        tell_group{broker, leave_consumer_group{{setup_.config.consumer_group}, setup_.client}});
    leaving_ = true;
    late = false;
    closing_deadline_ = now + setup_.request_limit;
    wake_by(closing_deadline_);
  }
  bool all_left =
    std::all_of(links_.begin(), links_.end(), [](const auto& link) { return link.second.left; });
  if (!all_left && !late) return;
  done_ = true;
  effects_.push_back(consumer_done{static_cast<std::int32_t>(context_.deliveries.size())});
}

void consumer_machine::left(const broker_name& broker, time_point now) {
  auto link = links_.find(broker);
  if (link == links_.end() || !leaving_) return;
  link->second.left = true;
  finish_closing(now);
}

void consumer_machine::tick(time_point now) {
  wake_ = time_point::max();
  finish_closing(now);
  if (closing_) return wake_by(closing_deadline_);
  for (auto& [broker, link] : links_) {
    if (now >= link.next_join) join(broker, link, now);
    if (context_.needs_locks() && now >= link.next_lock) lock(broker, link, now);
    commit_starts(broker, link);
    wake_by(link.next_join);
    if (context_.needs_locks()) wake_by(link.next_lock);
  }
  for (auto& [queue, owned] : queues_) {
    owned.consumer->tick(now, effects_);
    touch(*owned.consumer, now);
  }
  if (!setup_.config.auto_commit && !context_.broadcasting()) return;
  if (now >= next_commit_) commit(now);
  wake_by(next_commit_);
}

/// After an event of a queue: when it wants to be looked at, and a lock that it waits for.
void consumer_machine::touch(const queue_consumer& consumer, time_point now) {
  if (auto moment = consumer.next_event(now)) wake_by(*moment);
  if (consumer.stage() != queue_stage::locking) return;
  auto link = links_.find(consumer.queue().broker);
  if (link == links_.end()) return;
  link->second.next_lock = std::min(link->second.next_lock, now + wait_after_refused_lock);
  wake_by(link->second.next_lock);
}

queue_consumer* consumer_machine::find(const message_queue& queue) {
  auto i = queues_.find(queue);
  return i == queues_.end() ? nullptr : i->second.consumer.get();
}

consumer_effects consumer_machine::take_effects() { return std::exchange(effects_, {}); }

consumer_status consumer_machine::status() const {
  consumer_status result;
  for (const auto& [queue, owned] : queues_)
    result.queues.push_back(owned.consumer->status());
  result.problem = problem_;
  return result;
}

} // namespace cafmq
