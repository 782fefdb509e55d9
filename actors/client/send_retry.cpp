#include "actors/client/send_retry.hpp"

#include <cstdlib>

#include "messages/codec/java_hash.hpp"

namespace cafmq {

bool is_retriable_answer(errc code, send_mode mode) {
  if (mode != send_mode::sync) return false;
  switch (code) {
    case errc::topic_not_exist:
    case errc::service_not_available:
    case errc::system_error:
    case errc::system_busy:
    case errc::no_permission:
    case errc::client_closed: return true;
    default: return false;
  }
}

std::optional<message_queue> queue_rotation::next(const topic_view& view,
                                                  const broker_name& avoided) {
  const auto& queues = view.write_queues;
  std::optional<message_queue> second_best;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    const auto& queue = queues[next_++ % queues.size()];
    if (view.brokers.count(queue.broker) == 0) continue;
    if (queue.broker != avoided) return queue;
    if (!second_best) second_best = queue;
  }
  return second_best;
}

message_queue chosen_queue(const outgoing& send, const topic_view& view) {
  if (!send.chosen.broker.value.empty()) return send.chosen;
  if (send.selector) return send.selector(view.write_queues);
  auto index = java_hash(send.sharding_key) % static_cast<std::int32_t>(view.write_queues.size());
  return view.write_queues[static_cast<std::size_t>(std::abs(index))];
}

} // namespace cafmq
