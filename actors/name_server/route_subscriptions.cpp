#include "actors/name_server/route_subscriptions.hpp"

namespace cafmq {

bool route_subscriptions::subscribe(subscriber who, const std::vector<topic_name>& topics,
                                    time_point now) {
  if (topics.size() > config_.route_subscription_topics_max) return false;
  if (topics.empty()) {
    remove(who);
    return true;
  }
  auto known = entries_.find(who);
  if (known == entries_.end()) {
    if (entries_.size() >= config_.route_subscribers_max) return false;
    known = entries_.try_emplace(who).first;
  }
  std::set<topic_name> wanted(topics.begin(), topics.end());
  known->second.heard = now;
  if (known->second.topics == wanted) return true;
  unlink(who, known->second.topics);
  for (const auto& topic : wanted)
    by_topic_[topic].insert(who);
  known->second.topics = std::move(wanted);
  return true;
}

void route_subscriptions::remove(subscriber who) {
  auto known = entries_.find(who);
  if (known == entries_.end()) return;
  unlink(who, known->second.topics);
  entries_.erase(known);
}

std::vector<route_subscriptions::subscriber> route_subscriptions::expire(time_point now) {
  std::vector<subscriber> silent;
  for (const auto& [who, wanted] : entries_)
    if (now - wanted.heard > config_.route_subscription_timeout) silent.push_back(who);
  for (auto who : silent)
    remove(who);
  return silent;
}

std::vector<route_subscriptions::subscriber>
route_subscriptions::interested(const topic_name& topic) const {
  auto found = by_topic_.find(topic);
  if (found == by_topic_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

void route_subscriptions::unlink(subscriber who, const std::set<topic_name>& topics) {
  for (const auto& topic : topics) {
    auto found = by_topic_.find(topic);
    found->second.erase(who);
    if (found->second.empty()) by_topic_.erase(found);
  }
}

} // namespace cafmq
