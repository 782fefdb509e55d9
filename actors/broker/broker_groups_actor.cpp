#include <memory>

#include "actors/broker/broker_state_actor.hpp"
#include "actors/broker/name_rules.hpp"
#include "actors/broker/request_checks.hpp"
#include "actors/log.hpp"

namespace cafmq::front_door {

namespace {

/// Groups of one kind that a broker knows; each is an actor and a line on disk.
constexpr std::size_t groups_max = 100'000;

const group_settings* settings_of(const state& broker, const group_name& group) {
  auto found = broker.known_groups.find(group);
  return found == broker.known_groups.end() ? nullptr : &found->second;
}

caf::error no_group(const state& broker, const group_name& group) {
  return make_error(errc::group_not_exist,
                    "group " + group.value + " is not on broker " + broker.config.broker_name);
}

caf::error too_many(const state& broker, const std::string& what) {
  return make_error(errc::system_busy,
                    "broker " + broker.config.broker_name + " has too many " + what);
}

bool is_here(const state& broker, const topic_name& topic) {
  return open_topic(broker, topic) != nullptr;
}

/// The group's offsets are here, or not to be had: whoever waited goes on.
void loaded(pointer self, const group_name& group,
            const caf::expected<committed_offsets>& offsets) {
  auto& broker = self->state;
  auto& entry = broker.groups[group];
  entry.is_loading = false;
  caf::expected<consumer_group_handle> made{caf::error{}};
  if (offsets) {
    entry.consumers = broker.parts.make_consumer_group(self->system(), group, offsets->positions,
                                                       caf::actor_cast<group_host_handle>(self));
    self->monitor(entry.consumers);
    entry.ticket = broker.next_ticket++;
    broker.watchers[entry.ticket] = entry.consumers;
    made = entry.consumers;
  } else {
    log::error("group-not-loaded", "group ", group.value,
               " could not be saved or loaded: ", sentence(offsets.error()));
    made = offsets.error();
  }
  auto waiting = std::exchange(entry.waiting, {});
  for (auto& go_on : waiting)
    go_on(made);
}

void load(pointer self, const group_name& group) {
  auto& broker = self->state;
  self->request(broker.parts.metadata_store, caf::infinite, load_offsets{group})
    .then([=](const committed_offsets& offsets) { loaded(self, group, offsets); },
          [=](caf::error& failure) { loaded(self, group, std::move(failure)); });
}

/// A new group is on disk before anything of it is answered.
void save_and_load(pointer self, const group_name& group) {
  auto& broker = self->state;
  if (broker.known_groups.contains(group)) return load(self, group);
  self->request(broker.parts.metadata_store, caf::infinite, save_group{group})
    .then(
      [=](const metadata_saved&) {
        self->state.known_groups.try_emplace(group);
        load(self, group);
      },
      [=](caf::error& failure) { loaded(self, group, std::move(failure)); });
}

/// Gives the request to the group's actor, which is made first where there is none.
template <class Reply, class Request>
caf::result<Reply> to_group(pointer self, const Request& request) {
  auto& broker = self->state;
  if (!broker.groups.contains(request.group) && broker.groups.size() >= groups_max)
    return too_many(broker, "groups");
  auto& entry = broker.groups[request.group];
  if (entry.consumers) return self->delegate(entry.consumers, request);
  if (entry.waiting.size() >= static_cast<std::size_t>(broker.config.group_members_max))
    return too_many(broker, "requests waiting for group " + request.group.value);
  auto promise = self->make_response_promise<Reply>();
  entry.waiting.push_back(
    [promise, request](const caf::expected<consumer_group_handle>& group) mutable {
      if (group)
        promise.delegate(*group, std::move(request));
      else
        promise.deliver(group.error());
    });
  if (!entry.is_loading) {
    entry.is_loading = true;
    save_and_load(self, request.group);
  }
  return promise;
}

const consumer_group_handle* living(const state& broker, const group_name& group) {
  auto found = broker.groups.find(group);
  return found == broker.groups.end() || !found->second.consumers ? nullptr
                                                                  : &found->second.consumers;
}

} // namespace

caf::result<group_joined> join_consumers(pointer self, const join_consumer_group& request) {
  auto& broker = self->state;
  if (auto refused = check_join(broker.config, settings_of(broker, request.group), request))
    return refused;
  return to_group<group_joined>(self, request);
}

caf::result<group_left> leave_consumers(pointer self, const leave_consumer_group& request) {
  if (const auto* group = living(self->state, request.group))
    return self->delegate(*group, request);
  return group_left{}; // without an actor it has no members
}

/// The queues are given back in any case.
void take_release(pointer self, const release_queues& notice) {
  const auto& broker = self->state;
  const auto* group = living(broker, notice.group);
  if (group == nullptr) return;
  auto kept = notice;
  for (auto& [queue, offset] : kept.queues)
    if (!is_here(broker, queue.topic)) offset = no_offset;
  self->delegate(*group, std::move(kept));
}

void take_unlock(pointer self, const unlock_queues& notice) {
  if (const auto* group = living(self->state, notice.group)) self->delegate(*group, notice);
}

/// A member may be at work in a topic that was just deleted. Its offsets, if they were kept, would
/// count in the next topic of that name.
caf::result<offsets_committed> take_commit(pointer self, const commit_offsets& request) {
  const auto& broker = self->state;
  if (settings_of(broker, request.group) == nullptr) return no_group(broker, request.group);
  auto kept = request;
  std::erase_if(kept.positions, [&](const queue_position& position) {
    return !is_here(broker, position.queue.topic);
  });
  if (kept.positions.empty() && !request.positions.empty())
    return make_error(errc::topic_not_exist, "topic " + request.positions.front().queue.topic.value
                                               + " is not on broker " + broker.config.broker_name
                                               + "; no offset was committed");
  return to_group<offsets_committed>(self, kept);
}

caf::result<committed_offsets> ask_offsets(pointer self, const fetch_offsets& request) {
  if (settings_of(self->state, request.group) != nullptr)
    return to_group<committed_offsets>(self, request);
  committed_offsets none;
  for (const auto& queue : request.queues)
    none.positions.push_back({queue, no_offset});
  return none;
}

caf::result<locked_queues> take_lock(pointer self, const lock_queues& request) {
  if (settings_of(self->state, request.group) == nullptr)
    return no_group(self->state, request.group);
  return to_group<locked_queues>(self, request);
}

caf::result<group_joined> join_producers(pointer self, const join_producer_group& request) {
  auto& broker = self->state;
  if (auto named = check_name(request.group); !named) return named.error();
  if (!broker.groups.contains(request.group) && broker.groups.size() >= groups_max)
    return too_many(broker, "groups");
  auto& producers = broker.groups[request.group].producers;
  if (!producers) {
    producers = broker.parts.make_producer_group(self->system(), request.group);
    self->monitor(producers);
  }
  return self->delegate(producers, request);
}

caf::result<group_left> leave_producers(pointer self, const leave_producer_group& request) {
  auto found = self->state.groups.find(request.group);
  if (found == self->state.groups.end() || !found->second.producers) return group_left{};
  return self->delegate(found->second.producers, request);
}

caf::result<group_description> describe(pointer self, const describe_group& request) {
  auto& broker = self->state;
  if (settings_of(broker, request.group) != nullptr)
    return to_group<group_description>(self, request);
  auto found = broker.groups.find(request.group);
  if (found == broker.groups.end() || !found->second.producers)
    return no_group(broker, request.group);
  auto promise = self->make_response_promise<group_description>();
  self->request(found->second.producers, caf::infinite, get_group_summary{})
    .then(
      [promise](const group_summary& summary) mutable {
        promise.deliver(group_description{summary, {}, {}});
      },
      [promise](caf::error& failure) mutable { promise.deliver(std::move(failure)); });
  return promise;
}

caf::result<group_list> list_all_groups(pointer self) {
  struct gathering {
    caf::typed_response_promise<group_list> promise;
    std::map<std::pair<group_name, bool>, group_summary> found; ///< sorted
    std::size_t open = 1;                                       ///< answers to come, and the asking
    void close_one() {
      if (--open > 0) return;
      group_list list;
      for (auto& [key, summary] : found)
        list.groups.push_back(std::move(summary));
      promise.deliver(std::move(list));
    }
  };
  auto& broker = self->state;
  auto all = std::make_shared<gathering>();
  all->promise = self->make_response_promise<group_list>();
  auto ask = [&](const auto& group) {
    ++all->open;
    self->request(group, caf::infinite, get_group_summary{})
      .then(
        [all](const group_summary& summary) {
          all->found.insert_or_assign({summary.group, summary.consumers}, summary);
          all->close_one();
        },
        [all](const caf::error&) { all->close_one(); }); // it died just now: no members
  };
  for (const auto& [group, settings] : broker.known_groups) {
    group_summary idle;
    idle.group = group;
    all->found[{group, true}] = std::move(idle);
  }
  for (const auto& [group, entry] : broker.groups) {
    if (entry.consumers) ask(entry.consumers);
    if (entry.producers) ask(entry.producers);
  }
  auto promise = all->promise;
  all->close_one();
  return promise;
}

void remember_group(pointer self, const group_name& group) {
  auto& broker = self->state;
  if (broker.known_groups.size() >= groups_max) return;
  broker.known_groups.try_emplace(group);
  self->request(broker.parts.metadata_store, caf::infinite, save_group{group})
    .then([](const metadata_saved&) {},
          [=](const caf::error& failure) {
            log::error("group-not-saved", "group ", group.value,
                       " was not written: ", sentence(failure));
            self->state.known_groups.erase(group);
          });
}

void forget_offsets_in(pointer self, const topic_name& topic) {
  auto& broker = self->state;
  self->send(broker.parts.metadata_store, forget_offsets{topic, {}});
  for (auto& [group, entry] : broker.groups) {
    if (entry.consumers)
      self->send(entry.consumers, forget_topic{topic});
    else if (entry.is_loading) // behind the commits that wait already
      entry.waiting.push_back([=](const caf::expected<consumer_group_handle>& made) {
        if (made) self->send(*made, forget_topic{topic});
      });
  }
}

bool bury_group(pointer self, const caf::actor_addr& who) {
  auto& broker = self->state;
  for (auto& [group, entry] : broker.groups) {
    if (entry.consumers && entry.consumers.address() == who) {
      log::error("group-died", "the actor of consumer group ", group.value,
                 " died; it is made anew, with the stored offsets, when it is next needed");
      broker.watches.remove(entry.ticket);
      broker.watchers.erase(entry.ticket);
      entry.consumers = nullptr;
      entry.ticket = 0;
      return true;
    }
    if (entry.producers && entry.producers.address() == who) {
      log::error("group-died", "the actor of producer group ", group.value, " died");
      entry.producers = nullptr;
      return true;
    }
  }
  return false;
}

void end_groups(pointer self, const caf::error& why) {
  for (auto& [group, entry] : self->state.groups) {
    for (auto& go_on : std::exchange(entry.waiting, {}))
      go_on(why);
    if (entry.consumers) {
      self->demonitor(entry.consumers.address());
      self->send_exit(entry.consumers, caf::exit_reason::user_shutdown);
    }
    if (entry.producers) {
      self->demonitor(entry.producers.address());
      self->send_exit(entry.producers, caf::exit_reason::user_shutdown);
    }
  }
  self->state.groups.clear();
}

} // namespace cafmq::front_door
