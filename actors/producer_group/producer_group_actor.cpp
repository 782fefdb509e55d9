#include "actors/producer_group/producer_group_actor.hpp"

#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>

#include "actors/producer_group/producer_table.hpp"
#include "actors/safe_actor.hpp"
#include "messages/type_ids.hpp"

namespace cafmq::producer_group {

/// A reminder to itself.
struct expire_silent {};

} // namespace cafmq::producer_group

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafmq::producer_group::expire_silent)

namespace cafmq {

namespace {

using producer_group::expire_silent;
using inbox = extended_handle<producer_group_handle, void(expire_silent)>;

struct producer_group_state {
  static inline const char* name = "producer_group";

  producer_table members;
  std::map<client_id, caf::actor_addr> addresses; ///< monitored
};

using pointer = inbox::stateful_pointer<producer_group_state>;

void forget(pointer self, const client_id& client) {
  auto& addresses = self->state.addresses;
  auto found = addresses.find(client);
  if (found == addresses.end()) return;
  auto address = found->second;
  addresses.erase(found);
  for (const auto& [other, its_address] : addresses)
    if (its_address == address) return; // a process may be several clients
  self->demonitor(address);
}

caf::result<group_joined> join(pointer self, const join_producer_group& request) {
  auto& state = self->state;
  if (!state.members.join(request.client, self->clock().now()))
    return make_error(errc::system_busy, "producer group " + request.group.value + " is full with "
                                           + std::to_string(state.members.size()) + " members");
  auto sender = caf::actor_cast<caf::actor_addr>(self->current_sender());
  auto known = state.addresses.find(request.client);
  if (sender && (known == state.addresses.end() || known->second != sender)) {
    forget(self, request.client);
    self->demonitor(sender); // one entry, however often it joins
    self->monitor(sender);
    state.addresses[request.client] = sender;
  }
  return group_joined{};
}

void bury(pointer self, const caf::actor_addr& who) {
  auto& state = self->state;
  for (auto member = state.addresses.begin(); member != state.addresses.end();) {
    if (member->second != who) {
      ++member;
      continue;
    }
    state.members.leave(member->first);
    member = state.addresses.erase(member);
  }
}

inbox::behavior_type producer_group_actor(pointer self, const broker_config& config,
                                          const group_name& group) {
  make_safe(self);
  self->set_down_handler([=](caf::down_msg& down) { bury(self, down.source); });
  self->state.members = producer_table{config};
  auto scan = config.scan_not_active_channel_interval;
  self->delayed_send(self, scan, expire_silent{});
  return {
    [=](const join_producer_group& request) { return join(self, request); },
    [=](const leave_producer_group& request) -> caf::result<group_left> {
      self->state.members.leave(request.client);
      forget(self, request.client);
      return group_left{};
    },
    [=](const get_group_summary&) -> caf::result<group_summary> {
      group_summary summary;
      summary.group = group;
      summary.consumers = false;
      summary.members = static_cast<std::int32_t>(self->state.members.size());
      return summary;
    },
    [=](expire_silent) {
      for (const auto& client : self->state.members.expire(self->clock().now())) {
        log::info("producer-expired", "producer ", client.value, " of group ", group.value,
                  " was silent for too long");
        forget(self, client);
      }
      self->delayed_send(self, scan, expire_silent{});
    },
  };
}

} // namespace

producer_group_handle spawn_producer_group(caf::actor_system& system, const broker_config& config,
                                           const group_name& group) {
  return caf::actor_cast<producer_group_handle>(system.spawn(producer_group_actor, config, group));
}

} // namespace cafmq
