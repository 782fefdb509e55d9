#include "actors/name_server/route_table.hpp"

#include <algorithm>

namespace cafmq {

namespace {

void sort_unique(std::vector<topic_name>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

} // namespace

broker_key key_of(const register_broker& x) {
  return {x.cluster, x.broker, x.broker_id, x.address};
}

broker_key key_of(const unregister_broker& x) {
  return {x.cluster, x.broker, x.broker_id, x.address};
}

route_table::registration route_table::add(const register_broker& broker, time_point now) {
  registration result;
  auto& named = brokers_[broker.broker];
  named.route.broker = broker.broker;
  auto before = named.route;
  named.route.cluster = broker.cluster;
  auto& addresses = named.route.addresses;
  std::erase_if(addresses, [&](const auto& member) {
    return member.first != broker.broker_id && member.second == broker.address;
  });
  addresses[broker.broker_id] = broker.address;
  if (named.route != before) add_topics_of(broker.broker, result.changed);
  heard_[key_of(broker)] = now;
  if (broker.broker_id == 0 && named.version != broker.version) {
    named.version = broker.version;
    replace_topics(broker, result.changed);
  }
  if (auto master = addresses.find(0); master != addresses.end())
    result.master_address = master->second;
  sort_unique(result.changed);
  return result;
}

std::vector<topic_name> route_table::remove(const broker_key& member) {
  std::vector<topic_name> changed;
  heard_.erase(member);
  auto named = brokers_.find(member.broker);
  if (named == brokers_.end()) return changed;
  auto& addresses = named->second.route.addresses;
  auto address = addresses.find(member.broker_id);
  if (address == addresses.end() || address->second != member.address) return changed;
  addresses.erase(address);
  if (addresses.empty()) {
    brokers_.erase(named);
    remove_topics(member.broker, changed);
  } else {
    add_topics_of(member.broker, changed);
  }
  sort_unique(changed);
  return changed;
}

route_table::expiry route_table::expire(time_point now) {
  expiry result;
  for (const auto& [member, heard] : heard_)
    if (now - heard > config_.broker_not_active_timeout) result.members.push_back(member);
  for (const auto& member : result.members) {
    auto changed = remove(member);
    result.changed.insert(result.changed.end(), changed.begin(), changed.end());
  }
  sort_unique(result.changed);
  return result;
}

std::optional<topic_route> route_table::find(const topic_name& topic) const {
  auto served = topics_.find(topic);
  if (served == topics_.end()) return std::nullopt;
  topic_route result{topic, {}, {}};
  for (const auto& [broker, queues] : served->second) {
    result.queues.push_back(queues);
    result.brokers.push_back(brokers_.at(broker).route);
  }
  return result;
}

std::vector<topic_name> route_table::topics() const {
  std::vector<topic_name> result;
  result.reserve(topics_.size());
  for (const auto& [topic, served] : topics_)
    result.push_back(topic);
  return result;
}

std::vector<broker_route> route_table::brokers() const {
  std::vector<broker_route> result;
  for (const auto& [name, named] : brokers_)
    result.push_back(named.route);
  std::stable_sort(result.begin(), result.end(),
                   [](const auto& x, const auto& y) { return x.cluster < y.cluster; });
  return result;
}

void route_table::replace_topics(const register_broker& broker, std::vector<topic_name>& changed) {
  std::map<topic_name, queue_route> now;
  for (const auto& topic : broker.topics)
    now[topic.topic] = {broker.broker, topic.read_queues, topic.write_queues, topic.perm};
  for (auto served = topics_.begin(); served != topics_.end();) {
    auto gone = !now.contains(served->first) && served->second.erase(broker.broker) > 0;
    if (gone) changed.push_back(served->first);
    served = served->second.empty() ? topics_.erase(served) : std::next(served);
  }
  for (auto& [topic, queues] : now) {
    auto [known, is_new] = topics_[topic].try_emplace(broker.broker, queues);
    if (!is_new && known->second == queues) continue;
    known->second = std::move(queues);
    changed.push_back(topic);
  }
}

void route_table::remove_topics(const broker_name& broker, std::vector<topic_name>& changed) {
  for (auto served = topics_.begin(); served != topics_.end();) {
    if (served->second.erase(broker) > 0) changed.push_back(served->first);
    served = served->second.empty() ? topics_.erase(served) : std::next(served);
  }
}

void route_table::add_topics_of(const broker_name& broker, std::vector<topic_name>& changed) const {
  for (const auto& [topic, served] : topics_)
    if (served.contains(broker)) changed.push_back(topic);
}

} // namespace cafmq
