#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <vector>

#include "config/name_server_config.hpp"
#include "messages/ids.hpp"

namespace cafmq {

/// Who wants to hear of changes of which routes. Bounded, and forgotten when not repeated in time.
class route_subscriptions {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using subscriber = std::uint64_t; ///< a ticket of the shell

  explicit route_subscriptions(name_server_config config = {}) : config_(config) {}

  /// Replaces the topics of `who`; an empty list ends its subscription. False beyond the limits:
  /// then nothing changed.
  bool subscribe(subscriber who, const std::vector<topic_name>& topics, time_point now);
  void remove(subscriber who);
  /// Forgets and returns those who did not repeat within `route_subscription_timeout`.
  std::vector<subscriber> expire(time_point now);
  /// Those who want to hear of `topic`, in the order of their tickets.
  std::vector<subscriber> interested(const topic_name& topic) const;
  std::size_t size() const { return entries_.size(); }

private:
  struct entry {
    std::set<topic_name> topics;
    time_point heard;
  };
  void unlink(subscriber who, const std::set<topic_name>& topics);

  name_server_config config_;
  std::map<subscriber, entry> entries_;
  std::map<topic_name, std::set<subscriber>> by_topic_;
};

} // namespace cafmq
