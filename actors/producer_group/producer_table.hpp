#pragma once

#include <chrono>
#include <map>
#include <vector>

#include "config/broker_config.hpp"
#include "messages/ids.hpp"

namespace cafmq {

/// The producers of one group that live: who joined and repeats it in time.
class producer_table {
public:
  using time_point = std::chrono::steady_clock::time_point;

  explicit producer_table(const broker_config& config = {})
      : members_max_(static_cast<std::size_t>(config.group_members_max)),
        timeout_(config.channel_expired_timeout) {}

  /// Adds a member or renews it. False when the group is full: then nothing changed.
  bool join(const client_id& client, time_point now);
  /// False when it was no member.
  bool leave(const client_id& client) { return heard_.erase(client) > 0; }
  /// Removes and returns those unheard for longer than `channel_expired_timeout`.
  std::vector<client_id> expire(time_point now);
  std::size_t size() const { return heard_.size(); }

private:
  std::size_t members_max_;
  std::chrono::milliseconds timeout_;
  std::map<client_id, time_point> heard_;
};

} // namespace cafmq
