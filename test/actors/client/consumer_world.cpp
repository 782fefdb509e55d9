#include "actors/client/consumer_world.hpp"

#include <algorithm>
#include <doctest/doctest.h>

#include "messages/codec/java_hash.hpp"

namespace cafmq::test {

namespace {

const topic_name topic{"orders"};

std::size_t index_of(const local_queue& queue) { return static_cast<std::size_t>(queue.id.value); }

} // namespace

consumer_world::consumer_world(std::uint64_t seed, consumer_config config, int count,
                               std::string expression)
    : queues(static_cast<std::size_t>(count)), chance_(seed), config_(std::move(config)),
      expression_(std::move(expression)), parsed_(*subscription_expression::parse(expression_)) {}

consumer_world::member& consumer_world::add(const std::string& name) {
  auto& who = members[name];
  who.name = name;
  who.machine = std::move(*consumer_machine::make({config_,
                                                   {name},
                                                   {{topic, expression_, 0}},
                                                   std::chrono::seconds{30},
                                                   std::chrono::seconds{3},
                                                   1 + static_cast<int>(below(3)),
                                                   1'000}));
  who.machine->start({}, now);
  link(who);
  return who;
}

void consumer_world::link(member& who) {
  who.linked = true;
  who.machine->link_up(model_broker, now);
  collect(who);
}

void consumer_world::cut(member& who) {
  who.linked = false;
  who.sent.clear();
  who.received.clear();
  for (auto& queue : queues) {
    if (queue.owner == who.name) queue.owner.clear();
    if (queue.locker == who.name) queue.locker.clear();
  }
  who.machine->link_down(model_broker, now);
  collect(who);
  share();
}

void consumer_world::crash(const std::string& name) {
  cut(members.at(name));
  members.erase(name);
}

void consumer_world::append(int queue, std::string tag) {
  queues[static_cast<std::size_t>(queue)].tags.push_back(std::move(tag));
}

void consumer_world::share() {
  std::vector<std::string> names;
  for (const auto& [name, who] : members)
    if (who.linked && !who.left) names.push_back(name);
  for (auto& queue : queues)
    queue.target = names.empty() ? "" : names[below(names.size())];
  settle_ownership();
}

/// A queue is taken from its owner first, and given to the next when it is free.
void consumer_world::settle_ownership() {
  std::set<std::string> news;
  for (auto& queue : queues) {
    if (queue.owner == queue.target) continue;
    if (!queue.owner.empty()) {
      news.insert(queue.owner); // it learns that it has to give the queue back
    } else {
      queue.owner = queue.target;
      news.insert(queue.owner);
    }
  }
  for (const auto& name : news)
    if (auto i = members.find(name); i != members.end() && i->second.linked) assign(i->second);
}

void consumer_world::assign(member& who) {
  queue_assignment list{{config_.consumer_group}, model_broker, ++who.revision, {}};
  for (std::size_t i = 0; i < queues.size(); ++i)
    if (queues[i].owner == who.name && queues[i].target == who.name)
      list.queues.push_back({{topic, {static_cast<std::int32_t>(i)}}, {queues[i].committed}});
  reply(who, [this, &who, list] { who.machine->assigned(list, now); });
}

void consumer_world::collect(member& who) {
  for (auto& effect : who.machine->take_effects()) {
    if (auto* delivered = std::get_if<deliver_batch>(&effect))
      who.batches.emplace(delivered->batch.delivery.value, std::move(delivered->batch));
    else if (std::holds_alternative<consumer_done>(effect))
      who.closed = true;
    else if (who.linked
             && (std::holds_alternative<ask_about_queue>(effect)
                 || std::holds_alternative<tell_group>(effect)))
      who.sent.push_back(std::move(effect));
  }
}

void consumer_world::step() {
  for (auto& [name, who] : members) {
    switch (below(4)) {
      case 0: act_for_broker(who); break;
      case 1: hear(who); break;
      case 2: listen(who); break;
      default: break;
    }
  }
  pass(std::chrono::milliseconds{below(20)});
}

void consumer_world::pass(std::chrono::milliseconds span) {
  now += span;
  for (auto& [name, who] : members) {
    if (now < who.machine->next_tick()) continue;
    who.machine->tick(now);
    collect(who);
  }
}

void consumer_world::settle(std::chrono::milliseconds span) {
  for (auto end = now + span; now < end; pass(std::chrono::milliseconds{25})) {
    bool busy = true;
    while (busy) {
      busy = false;
      for (auto& [name, who] : members)
        busy = act_for_broker(who) || hear(who) || listen(who) || busy;
    }
  }
}

bool consumer_world::act_for_broker(member& who) {
  if (!who.linked || who.sent.empty()) return false;
  auto effect = std::move(who.sent.front());
  who.sent.pop_front();
  if (auto* question = std::get_if<ask_about_queue>(&effect))
    handle(who, *question);
  else
    handle(who, std::get<tell_group>(effect));
  return true;
}

bool consumer_world::hear(member& who) {
  if (who.received.empty()) return false;
  auto news = std::move(who.received.front());
  who.received.pop_front();
  news();
  collect(who);
  return true;
}

bool consumer_world::listen(member& who) {
  if (who.batches.empty()) return false;
  auto i = who.batches.begin();
  std::advance(i, static_cast<std::ptrdiff_t>(below(who.batches.size())));
  auto batch = std::move(i->second);
  who.batches.erase(i);
  who.machine->consumed(work(who, batch), now);
  collect(who);
  return true;
}

/// A listener that looks at the revocation, compares tags, and fails now and then.
consume_result consumer_world::work(member& who, const consume_batch& batch) {
  static_cast<void>(who);
  consume_result result{batch.delivery, {}, no_offset, {}};
  auto& queue = queues[index_of({topic, batch.queue.id})];
  auto stop_at = batch.wanted.revoked() || below(20) == 0 ? below(4) : 1'000;
  bool ended = false;
  for_each_record(batch.bytes(), [&](const record_view& record) {
    if (ended) return;
    if (batch.wanted.revoked() && stop_at-- == 0) {
      result.untried = record.offset;
      ended = true;
      return;
    }
    auto tag = find_property(record.properties, property::tags);
    if (!batch.tags.empty()
        && std::find(batch.tags.begin(), batch.tags.end(), tag) == batch.tags.end())
      return;
    if (failures_ && below(10) == 0) {
      result.failed.push_back(record.offset);
      ended = batch.in_order;
      return;
    }
    ++queue.times[record.offset.value];
    queue.order.push_back(record.offset.value);
  });
  return result;
}

void consumer_world::handle(member& who, ask_about_queue& question) {
  auto answer_with = [&](auto answer) {
    reply(who, [this, &who, queue = question.queue, ticket = question.ticket, answer] {
      who.machine->answered(queue, ticket, answer, now);
    });
  };
  const auto& queue = queues[index_of({topic, question.queue.id})];
  if (auto* pull = std::get_if<pull_messages>(&question.request))
    return handle_pull(who, question, *pull);
  if (std::holds_alternative<get_queue_bounds>(question.request))
    return answer_with(queue_bounds{{0}, {static_cast<std::int64_t>(queue.tags.size())}, 0, 0});
  if (std::holds_alternative<fetch_offsets>(question.request))
    return answer_with(committed_offsets{{{{topic, question.queue.id}, {queue.committed}}}});
  answer_with(found_offset{{0}});
}

void consumer_world::handle_pull(member& who, const ask_about_queue& question,
                                 const pull_messages& pull) {
  const auto& queue = queues[index_of({topic, pull.queue})];
  auto end = static_cast<std::int64_t>(queue.tags.size());
  pulled_messages answer;
  answer.min = {0};
  answer.max = {end};
  std::vector<stored> found;
  auto most = 1 + below(12);
  auto at = pull.from.value;
  for (; at < end && found.size() < most; ++at) {
    const auto& tag = queue.tags[static_cast<std::size_t>(at)];
    if (pull.filter.accepts(tag.empty() ? 0 : java_hash(tag))) found.push_back({at, tag});
  }
  answer.next = {at};
  answer.count = static_cast<std::int32_t>(found.size());
  answer.status = !found.empty()         ? pull_status::found
                  : at > pull.from.value ? pull_status::no_matched_message
                                         : pull_status::no_new_message;
  answer.records = records_of(found);
  if (below(30) == 0 && failures_) {
    reply(who, [this, &who, queue = question.queue, ticket = question.ticket] {
      who.machine->question_failed(queue, ticket, make_error(errc::system_busy), now);
    });
    return;
  }
  reply(who, [this, &who, queue = question.queue, ticket = question.ticket, answer] {
    who.machine->answered(queue, ticket, answer, now);
  });
}

bool consumer_world::wanted(const model_queue& queue, std::int64_t offset) const {
  return parsed_.accepts(queue.tags[static_cast<std::size_t>(offset)]);
}

/// C5: whatever lies before a committed offset has been consumed.
void consumer_world::commit(const queue_position& position) {
  if (position.offset == no_offset) return;
  auto& queue = queues[index_of(position.queue)];
  for (std::int64_t offset = 0; offset < position.offset.value; ++offset)
    if (wanted(queue, offset)) CHECK_MESSAGE(queue.times.count(offset) == 1, offset);
  queue.committed = position.offset.value;
}

void consumer_world::handle(member& who, tell_group& letter) {
  if (std::holds_alternative<join_consumer_group>(letter.request)) {
    if (std::none_of(queues.begin(), queues.end(),
                     [&](const model_queue& queue) { return queue.target == who.name; }))
      share();
    assign(who);
    reply(who, [this, &who, revision = who.revision] {
      who.machine->joined(model_broker, group_joined{revision}, now);
    });
  } else if (auto* lock = std::get_if<lock_queues>(&letter.request)) {
    locked_queues held;
    for (const auto& queue : lock->queues) {
      auto& locker = queues[index_of(queue)].locker;
      if (locker.empty()) locker = who.name;
      if (locker == who.name) held.queues.push_back(queue);
    }
    reply(who, [this, &who, request = *lock, held, asked = now] {
      who.machine->locked(model_broker, asked, request, held, now);
    });
  } else if (auto* unlock = std::get_if<unlock_queues>(&letter.request)) {
    for (const auto& queue : unlock->queues)
      if (queues[index_of(queue)].locker == who.name) queues[index_of(queue)].locker.clear();
  } else if (auto* offsets = std::get_if<commit_offsets>(&letter.request)) {
    for (const auto& position : offsets->positions)
      if (queues[index_of(position.queue)].owner == who.name) commit(position);
    reply(who, [&who, request = *offsets] { who.machine->committed(model_broker, request); });
  } else if (auto* release = std::get_if<release_queues>(&letter.request)) {
    for (const auto& position : release->queues) {
      auto& queue = queues[index_of(position.queue)];
      if (queue.owner != who.name) continue;
      commit(position);
      queue.owner.clear();
    }
    settle_ownership();
  } else {
    who.left = true;
    for (auto& queue : queues)
      if (queue.owner == who.name) queue.owner.clear();
    share();
    reply(who, [this, &who] { who.machine->left(model_broker, now); });
  }
}

void consumer_world::check_all_consumed() const {
  for (const auto& queue : queues)
    for (std::size_t offset = 0; offset < queue.tags.size(); ++offset)
      CHECK((queue.times.count(static_cast<std::int64_t>(offset)) != 0)
            == wanted(queue, static_cast<std::int64_t>(offset)));
}

} // namespace cafmq::test
