#include "actors/consumer_group/queue_lock_table.hpp"

namespace cafmq {

bool queue_lock_table::lock(const client_id& client, const local_queue& queue, time_point now) {
  auto [known, is_new] = locks_.try_emplace(queue, entry{client, now});
  if (is_new) return true;
  auto& held = known->second;
  if (held.owner != client && now - held.renewed <= live_time_max_) return false;
  held = {client, now};
  return true;
}

void queue_lock_table::unlock(const client_id& client, const local_queue& queue) {
  auto known = locks_.find(queue);
  if (known != locks_.end() && known->second.owner == client) locks_.erase(known);
}

void queue_lock_table::release(const client_id& client) {
  std::erase_if(locks_, [&](const auto& lock) { return lock.second.owner == client; });
}

} // namespace cafmq
