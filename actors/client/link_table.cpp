#include "actors/client/link_table.hpp"

#include <algorithm>

namespace cafmq {

void link_table::want(const std::vector<std::string>& addresses, time_point now) {
  std::erase_if(entries_, [&](const auto& known) {
    return std::find(addresses.begin(), addresses.end(), known.first) == addresses.end();
  });
  for (const auto& address : addresses)
    entries_.try_emplace(address, entry{state::idle, now, policy_.first});
}

std::vector<std::string> link_table::take_due(time_point now) {
  std::vector<std::string> due;
  for (auto& [address, known] : entries_)
    if (known.now == state::idle && known.due <= now) {
      known.now = state::dialling;
      due.push_back(address);
    }
  return due;
}

void link_table::linked(const std::string& address) {
  if (auto i = entries_.find(address); i != entries_.end())
    i->second = {state::linked, {}, policy_.first};
}

void link_table::failed(const std::string& address, time_point now, std::uint64_t chance) {
  auto i = entries_.find(address);
  if (i == entries_.end()) return;
  auto& known = i->second;
  auto spread = std::chrono::milliseconds{
    static_cast<std::int64_t>(chance % static_cast<std::uint64_t>(known.wait.count() / 2 + 1))};
  known.now = state::idle;
  known.due = now + known.wait + spread;
  known.wait = std::min(known.wait * 2, policy_.longest);
}

void link_table::hurry(const std::string& address, time_point now) {
  auto i = entries_.find(address);
  if (i != entries_.end() && i->second.now == state::idle) i->second.due = now;
}

} // namespace cafmq
