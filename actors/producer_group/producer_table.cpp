#include "actors/producer_group/producer_table.hpp"

namespace cafmq {

bool producer_table::join(const client_id& client, time_point now) {
  auto known = heard_.find(client);
  if (known == heard_.end()) {
    if (heard_.size() >= members_max_) return false;
    known = heard_.try_emplace(client).first;
  }
  known->second = now;
  return true;
}

std::vector<client_id> producer_table::expire(time_point now) {
  std::vector<client_id> silent;
  for (const auto& [client, heard] : heard_)
    if (now - heard > timeout_) silent.push_back(client);
  for (const auto& client : silent)
    heard_.erase(client);
  return silent;
}

} // namespace cafmq
