#include "actors/name_server/name_server_actor.hpp"

#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>

#include "actors/name_server/route_subscriptions.hpp"
#include "actors/name_server/route_table.hpp"
#include "actors/safe_actor.hpp"
#include "messages/type_ids.hpp"

namespace cafmq::name_server {

/// A reminder to itself.
struct expire_silent {};

} // namespace cafmq::name_server

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafmq::name_server::expire_silent)

namespace cafmq {

namespace {

using name_server::expire_silent;
using inbox = extended_handle<name_server_handle, void(expire_silent)>;

/// Who sent what the machines keep: registrants and subscribers, all monitored.
struct name_server_state {
  static inline const char* name = "name_server";

  route_table routes;
  route_subscriptions subscriptions;
  std::map<broker_key, caf::actor_addr> registrants;
  std::map<caf::actor_addr, route_subscriptions::subscriber> tickets;
  std::map<route_subscriptions::subscriber, route_listener_handle> subscribers;
  route_subscriptions::subscriber next_ticket = 1;
};

using pointer = inbox::stateful_pointer<name_server_state>;

bool is_known(const name_server_state& state, const caf::actor_addr& who) {
  if (state.tickets.contains(who)) return true;
  for (const auto& [member, registrant] : state.registrants)
    if (registrant == who) return true;
  return false;
}

/// Ends the monitoring of somebody nothing is kept of any more.
void release(pointer self, const caf::actor_addr& who) {
  if (!is_known(self->state, who)) self->demonitor(who);
}

void publish(pointer self, const std::vector<topic_name>& changed) {
  auto& state = self->state;
  for (const auto& topic : changed) {
    auto interested = state.subscriptions.interested(topic);
    if (interested.empty()) continue;
    topic_route_changed news{state.routes.find(topic).value_or(topic_route{topic, {}, {}})};
    for (auto who : interested)
      self->send(state.subscribers.at(who), news);
  }
}

void forget_subscriber(pointer self, route_subscriptions::subscriber who) {
  auto& state = self->state;
  state.subscriptions.remove(who);
  auto found = state.subscribers.find(who);
  if (found == state.subscribers.end()) return;
  auto address = found->second.address();
  state.subscribers.erase(found);
  state.tickets.erase(address);
  release(self, address);
}

void forget_member(pointer self, const broker_key& member) {
  auto& registrants = self->state.registrants;
  auto found = registrants.find(member);
  if (found == registrants.end()) return;
  auto address = found->second;
  registrants.erase(found);
  release(self, address);
}

caf::result<broker_registered> add_broker(pointer self, const register_broker& broker) {
  if (broker.broker.value.empty() || broker.address.empty() || broker.broker_id < 0)
    return make_error(errc::invalid_parameter,
                      "a registration must name its broker and address; this one does not");
  auto& state = self->state;
  auto sender = caf::actor_cast<caf::actor_addr>(self->current_sender());
  auto known = state.registrants.find(key_of(broker));
  if (known == state.registrants.end() || known->second != sender) {
    if (sender && !is_known(state, sender)) self->monitor(sender);
    forget_member(self, key_of(broker));
    if (sender) state.registrants[key_of(broker)] = sender;
    log::info("broker-registered", "broker ", broker.broker.value, " (id ", broker.broker_id,
              ") registered from ", broker.address, " with ", broker.topics.size(), " topics");
  }
  auto added = state.routes.add(broker, self->clock().now());
  publish(self, added.changed);
  return broker_registered{std::move(added.master_address)};
}

void remove_broker(pointer self, const broker_key& member, const char* why) {
  log::info("broker-gone", "broker ", member.broker.value, " (id ", member.broker_id, ") at ",
            member.address, " leaves the routes: ", why);
  auto changed = self->state.routes.remove(member);
  forget_member(self, member);
  publish(self, changed);
}

void subscribe(pointer self, const subscribe_routes& wanted) {
  auto& state = self->state;
  auto address = caf::actor_cast<caf::actor_addr>(self->current_sender());
  if (!address) return;
  auto known = state.tickets.find(address);
  auto ticket = known == state.tickets.end() ? state.next_ticket : known->second;
  if (!state.subscriptions.subscribe(ticket, wanted.topics, self->clock().now())) {
    log::warn("subscription-refused", "a subscription to ", wanted.topics.size(),
              " routes is beyond the limits; its sender has to poll");
    return;
  }
  if (wanted.topics.empty()) return forget_subscriber(self, ticket);
  if (known != state.tickets.end()) return;
  ++state.next_ticket;
  if (!is_known(state, address)) self->monitor(address);
  state.tickets[address] = ticket;
  state.subscribers[ticket] = caf::actor_cast<route_listener_handle>(self->current_sender());
}

/// Everything that hangs on a dead actor goes at once.
void bury(pointer self, const caf::actor_addr& who) {
  auto& state = self->state;
  std::vector<broker_key> members;
  for (const auto& [member, registrant] : state.registrants)
    if (registrant == who) members.push_back(member);
  for (const auto& member : members)
    remove_broker(self, member, "its process ended");
  if (auto ticket = state.tickets.find(who); ticket != state.tickets.end())
    forget_subscriber(self, ticket->second);
}

void expire(pointer self, const name_server_config& config) {
  auto now = self->clock().now();
  auto expired = self->state.routes.expire(now);
  for (const auto& member : expired.members) {
    log::warn("broker-expired", "broker ", member.broker.value, " (id ", member.broker_id, ") at ",
              member.address, " was silent for more than ",
              config.broker_not_active_timeout.count(), " ms and leaves the routes");
    forget_member(self, member);
  }
  publish(self, expired.changed);
  for (auto who : self->state.subscriptions.expire(now))
    forget_subscriber(self, who);
  self->delayed_send(self, config.scan_not_active_broker_interval, expire_silent{});
}

inbox::behavior_type name_server_actor(pointer self, const name_server_config& config) {
  make_safe(self);
  self->set_down_handler([=](caf::down_msg& down) { bury(self, down.source); });
  self->state.routes = route_table{config};
  self->state.subscriptions = route_subscriptions{config};
  self->delayed_send(self, config.scan_not_active_broker_interval, expire_silent{});
  return {
    [=](const register_broker& broker) { return add_broker(self, broker); },
    [=](const unregister_broker& broker) {
      remove_broker(self, key_of(broker), "it stopped cleanly");
    },
    [=](const get_topic_route& query) -> caf::result<topic_route> {
      if (auto route = self->state.routes.find(query.topic)) return std::move(*route);
      return make_error(errc::topic_not_exist, "no live broker serves topic " + query.topic.value
                                                 + "; create it, or start its broker");
    },
    [=](const subscribe_routes& wanted) { subscribe(self, wanted); },
    [=](const list_topics&) -> caf::result<topic_list> {
      return topic_list{self->state.routes.topics()};
    },
    [=](const get_cluster_info&) -> caf::result<cluster_info> {
      return cluster_info{self->state.routes.brokers()};
    },
    [=](expire_silent) { expire(self, config); },
  };
}

} // namespace

name_server_handle spawn_name_server(caf::actor_system& system, name_server_config config) {
  return caf::actor_cast<name_server_handle>(system.spawn(name_server_actor, config));
}

} // namespace cafmq
