#include "actors/consumer_group/group_membership.hpp"

#include <algorithm>
#include <string>

#include "messages/errors.hpp"

namespace cafmq {

namespace {

/// Topics of one group. Each is watched and shared out.
constexpr std::size_t subscriptions_max = 10'000;

bool shares_queues(const group_membership::member& member) {
  return member.model == message_model::clustering && takes_part(member.sharing);
}

} // namespace

group_membership::group_membership(const broker_config& config)
    : silence_max_(config.channel_expired_timeout),
      members_max_(static_cast<std::size_t>(std::max(config.group_members_max, 0))) {}

caf::expected<group_membership::join_outcome>
group_membership::join(const join_consumer_group& request, process sender, time_point now) {
  if (auto unknown = check_strategy(request.sharing)) return unknown;
  if (request.subscriptions.size() > subscriptions_max)
    return make_error(errc::system_busy, "group " + request.group.value + " subscribes to "
                                           + std::to_string(request.subscriptions.size())
                                           + " topics, more than the "
                                           + std::to_string(subscriptions_max) + " a group may");
  auto known = members_.find(request.client);
  const auto is_new = known == members_.end();
  if (!is_new && known->second.sender != sender)
    return make_error(errc::already_member, "client id " + request.client.value
                                              + " is already used by another member of group "
                                              + request.group.value
                                              + "; give each consumer its own instance name");
  if (is_new && members_.size() >= members_max_)
    return make_error(errc::system_busy, "group " + request.group.value + " is full with "
                                           + std::to_string(members_.size()) + " members");
  member now_is{sender, request.model, request.sharing, now};
  join_outcome outcome;
  outcome.is_new = is_new;
  if (is_new) {
    outcome.changed_shares = shares_queues(now_is);
    members_.emplace(request.client, std::move(now_is));
  } else {
    auto& was = known->second;
    outcome.changed_shares = shares_queues(was) != shares_queues(now_is)
                             || (shares_queues(was) && was.sharing != now_is.sharing);
    was = std::move(now_is);
  }
  if (!takes_part(request.sharing)) return outcome; // has no say in the group's subscriptions
  model_ = request.model;
  outcome.changed_topics = subscribe(request.subscriptions);
  return outcome;
}

/// True when the topics changed.
bool group_membership::subscribe(const std::vector<subscription>& wanted) {
  std::map<topic_name, subscription> next;
  for (const auto& one : wanted) {
    auto known = subscriptions_.find(one.topic);
    auto is_newer = known == subscriptions_.end() || one.version > known->second.version;
    next.insert_or_assign(one.topic, is_newer ? one : known->second);
  }
  auto same_topic = [](const auto& x, const auto& y) { return x.first == y.first; };
  auto changed =
    !std::equal(next.begin(), next.end(), subscriptions_.begin(), subscriptions_.end(), same_topic);
  subscriptions_ = std::move(next);
  return changed;
}

bool group_membership::leave(const client_id& client) {
  auto known = members_.find(client);
  if (known == members_.end()) return false;
  members_.erase(known);
  auto has_a_say = [](const auto& one) { return takes_part(one.second.sharing); };
  if (std::none_of(members_.begin(), members_.end(), has_a_say)) subscriptions_.clear();
  return true;
}

std::vector<client_id> group_membership::expire(time_point now) {
  std::vector<client_id> silent;
  for (const auto& [client, one] : members_)
    if (now - one.last_heartbeat > silence_max_) silent.push_back(client);
  for (const auto& client : silent)
    leave(client);
  return silent;
}

std::vector<client_id> group_membership::clients_of(process sender) const {
  std::vector<client_id> result;
  for (const auto& [client, one] : members_)
    if (one.sender == sender) result.push_back(client);
  return result;
}

std::vector<sharing_member> group_membership::sharers() const {
  std::vector<sharing_member> result;
  for (const auto& [client, one] : members_)
    if (shares_queues(one)) result.push_back({client, one.sharing});
  return result;
}

} // namespace cafmq
