#include "actors/client/route_cache.hpp"

#include <algorithm>

namespace cafmq {

namespace {

bool has_master(const topic_route& route, const broker_name& broker) {
  return std::any_of(route.brokers.begin(), route.brokers.end(), [&](const broker_route& b) {
    return b.broker == broker && b.addresses.count(0) > 0;
  });
}

/// Puts `news` where `known` is, unless it only says that nobody serves the topic any more.
bool replace(std::optional<topic_route>& known, const topic_route& news) {
  if (known && (*known == news || (news.queues.empty() && !known->queues.empty()))) return false;
  known = news;
  return true;
}

void add_queues(std::vector<message_queue>& to, const topic_name& topic, const broker_name& broker,
                std::int32_t count) {
  for (std::int32_t id = 0; id < count; ++id)
    to.push_back({topic, broker, {id}});
}

} // namespace

bool route_cache::watch(const topic_name& topic, bool auto_create) {
  auto& entry = topics_[topic];
  bool is_news = auto_create && !entry.auto_create;
  entry.auto_create |= auto_create;
  return is_news;
}

void route_cache::unwatch(const topic_name& topic) { topics_.erase(topic); }

std::vector<topic_name> route_cache::topics() const {
  std::vector<topic_name> result;
  for (const auto& [topic, entry] : topics_)
    result.push_back(topic);
  return result;
}

bool route_cache::update(const topic_route& route) {
  bool changed = false;
  if (route.topic.value == auto_create_topic_key) changed = replace(template_, route);
  if (auto i = topics_.find(route.topic); i != topics_.end())
    changed |= replace(i->second.route, route);
  return changed;
}

std::vector<topic_name> route_cache::wanted() const {
  auto result = topics();
  bool creating = std::any_of(topics_.begin(), topics_.end(),
                              [](const auto& entry) { return entry.second.auto_create; });
  topic_name key{auto_create_topic_key};
  if (creating && topics_.count(key) == 0) result.push_back(std::move(key));
  return result;
}

std::vector<topic_name> route_cache::dependents(const topic_name& topic) const {
  std::vector<topic_name> result;
  for (const auto& [name, entry] : topics_)
    if (name == topic || (topic.value == auto_create_topic_key && entry.auto_create))
      result.push_back(name);
  return result;
}

topic_view route_cache::view(const topic_name& topic) const {
  topic_view result;
  result.topic = topic;
  auto i = topics_.find(topic);
  if (i == topics_.end()) return result;
  const auto* route = serving(topic);
  if (route == nullptr) {
    bool answered = i->second.route && (!i->second.auto_create || template_);
    if (!answered) return result;
    result.problem = static_cast<std::uint8_t>(errc::topic_not_exist);
    result.problem_sentence =
      "topic " + topic.value + " is served by no live broker; create it, or start its broker";
    return result;
  }
  bool created_by_sending = route == &*template_ && topic.value != auto_create_topic_key;
  for (const auto& queues : route->queues) {
    auto writable = created_by_sending ? std::min(auto_created_queues_max, queues.read_queues)
                                       : queues.write_queues;
    if ((queues.perm & permission::write) != 0 && has_master(*route, queues.broker))
      add_queues(result.write_queues, topic, queues.broker, writable);
    if ((queues.perm & permission::read) != 0 && !created_by_sending)
      add_queues(result.read_queues, topic, queues.broker, queues.read_queues);
  }
  std::sort(result.write_queues.begin(), result.write_queues.end());
  std::sort(result.read_queues.begin(), result.read_queues.end());
  return result;
}

const topic_route* route_cache::serving(const topic_name& topic) const {
  auto i = topics_.find(topic);
  if (i == topics_.end()) return nullptr;
  const auto& [auto_create, route] = i->second;
  if (!route) return nullptr; // it may exist, with other queues than TBW102
  if (!route->queues.empty()) return &*route;
  return auto_create && template_ && !template_->queues.empty() ? &*template_ : nullptr;
}

std::map<broker_name, std::string> route_cache::master_addresses(const topic_name& topic) const {
  std::map<broker_name, std::string> result;
  if (const auto* route = serving(topic))
    for (const auto& broker : route->brokers)
      if (auto master = broker.addresses.find(0); master != broker.addresses.end())
        result[broker.broker] = master->second;
  return result;
}

} // namespace cafmq
