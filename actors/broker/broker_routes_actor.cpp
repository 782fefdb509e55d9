#include <algorithm>

#include "actors/broker/broker_state_actor.hpp"
#include "actors/log.hpp"

namespace cafmq::front_door {

namespace {

/// Is this still the link that `generation` was given to?
bool is_current(const state& broker, const std::string& address, std::uint64_t generation) {
  auto found = broker.name_servers.find(address);
  return found != broker.name_servers.end() && found->second.generation == generation;
}

void forget_link(pointer self, const std::string& address) {
  auto& broker = self->state;
  auto found = broker.name_servers.find(address);
  if (found == broker.name_servers.end()) return;
  self->demonitor(found->second.handle.address());
  broker.name_servers.erase(found);
  if (broker.route_source == address) broker.route_source.clear();
}

void ask_route(pointer self, const topic_name& topic) {
  auto& broker = self->state;
  auto source = broker.name_servers.find(broker.route_source);
  if (source == broker.name_servers.end()) return;
  self->request(source->second.handle, caf::infinite, get_topic_route{topic})
    .then([=](const topic_route& route) { take_route(self, route); },
          [=](const caf::error& failure) {
            if (code_of(failure) == errc::topic_not_exist) take_route(self, {topic, {}, {}});
          });
}

void subscribe(pointer self) {
  auto& broker = self->state;
  auto source = broker.name_servers.find(broker.route_source);
  if (source == broker.name_servers.end()) return;
  self->send(source->second.handle, subscribe_routes{broker.watches.topics()});
}

/// Routes come from the first linked name server that knows this broker; all of them are asked for
/// when that becomes another one, and every period.
void follow_routes(pointer self, const std::string& address) {
  auto& broker = self->state;
  auto now = self->clock().now();
  if (broker.route_source.empty()) {
    broker.route_source = address;
    broker.next_route_poll = now;
  }
  if (broker.route_source != address || now < broker.next_route_poll) return;
  broker.next_route_poll = now + broker.config.register_name_server_period;
  auto topics = broker.watches.topics();
  if (topics.empty()) return;
  subscribe(self);
  for (const auto& topic : topics)
    ask_route(self, topic);
}

void lose(pointer self, const std::string& address, const std::string& why) {
  log::warn("name-server-lost", "name server ", address, " is lost: ", why,
            "; it is dialled again");
  forget_link(self, address);
  auto& broker = self->state;
  broker.registrations.lost(address, self->clock().now());
  auto links = broker.registrations.links();
  if (broker.route_source.empty() && !links.empty()) follow_routes(self, links.front());
}

void do_one(pointer self, const dial_name_server& what) {
  auto address = what.address;
  self->request(self->state.parts.connector, caf::infinite, connect_name_server{address})
    .then(
      [=](const name_server_link& link) {
        auto& broker = self->state;
        log::info("name-server-linked", "linked with name server ", address);
        broker.name_servers[address] = {link.handle, broker.next_generation++};
        self->monitor(link.handle);
        carry_out(self, broker.registrations.linked(address, self->clock().now()));
      },
      [=](const caf::error& failure) {
        log::debug("name-server-unreachable", "name server ", address,
                   " cannot be reached: ", sentence(failure));
        self->state.registrations.lost(address, self->clock().now());
      });
}

register_broker registration(const state& broker) {
  const auto& topics = broker.topics.table();
  return {{broker.config.broker_cluster_name},
          {broker.config.broker_name},
          broker.config.broker_id,
          broker.parts.address,
          topics.version(),
          topics.all()};
}

void do_one(pointer self, const announce_broker& what) {
  auto& broker = self->state;
  auto link = broker.name_servers.find(what.address);
  if (link == broker.name_servers.end()) return;
  auto address = what.address;
  auto generation = link->second.generation;
  self->request(link->second.handle, caf::infinite, registration(broker))
    .then(
      [=](const broker_registered&) {
        if (!is_current(self->state, address, generation)) return;
        carry_out(self, self->state.registrations.answered(address, self->clock().now()));
        follow_routes(self, address);
      },
      [=](const caf::error& failure) {
        if (is_current(self->state, address, generation)) lose(self, address, sentence(failure));
      });
}

void do_one(pointer self, const drop_name_server& what) {
  log::warn("name-server-mute", "name server ", what.address,
            " does not answer; its link is given up and dialled again");
  forget_link(self, what.address);
}

std::int32_t own_queues(const state& broker, const topic_name& topic) {
  const auto* config = broker.topics.table().find(topic);
  if (config == nullptr || !config->readable()
      || (broker.config.broker_permission & permission::read) == 0)
    return 0;
  return config->read_queues;
}

} // namespace

void carry_out(pointer self, const registration_table::effects& effects) {
  for (const auto& effect : effects)
    std::visit([&](const auto& one) { do_one(self, one); }, effect);
}

void take_watch(pointer self, const watch_topics& wanted) {
  auto& broker = self->state;
  auto sender = caf::actor_cast<caf::actor_addr>(self->current_sender());
  auto watcher = std::find_if(broker.watchers.begin(), broker.watchers.end(),
                              [&](const auto& one) { return one.second.address() == sender; });
  if (watcher == broker.watchers.end()) return; // not a group of this broker
  auto watched = broker.watches.watch(watcher->first, wanted.topics, [&](const topic_name& topic) {
    return own_queues(broker, topic);
  });
  tell(self, watched.now);
  if (watched.first_wanted.empty()) return;
  subscribe(self);
  for (const auto& topic : watched.first_wanted)
    ask_route(self, topic);
}

void take_route(pointer self, const topic_route& route) {
  tell(self, self->state.watches.route_learned(route));
}

void tell(pointer self, const std::vector<topic_watch_table::news>& news) {
  for (const auto& one : news) {
    auto watcher = self->state.watchers.find(one.to);
    if (watcher != self->state.watchers.end()) self->send(watcher->second, one.what);
  }
}

void topic_became(pointer self, const topic_name& topic) {
  tell(self, self->state.watches.own_changed(topic, own_queues(self->state, topic)));
}

bool bury_name_server(pointer self, const caf::actor_addr& who) {
  std::vector<std::string> dead;
  for (const auto& [address, link] : self->state.name_servers)
    if (link.handle.address() == who) dead.push_back(address);
  for (const auto& address : dead)
    lose(self, address, "its process ended");
  return !dead.empty();
}

void unregister(pointer self) {
  auto& broker = self->state;
  for (const auto& [address, link] : broker.name_servers) {
    self->demonitor(link.handle.address());
    self->send(link.handle, unregister_broker{{broker.config.broker_cluster_name},
                                              {broker.config.broker_name},
                                              broker.config.broker_id,
                                              broker.parts.address});
  }
  broker.name_servers.clear();
}

} // namespace cafmq::front_door
