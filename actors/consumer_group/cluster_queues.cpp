#include "actors/consumer_group/cluster_queues.hpp"

#include <algorithm>

namespace cafmq {

void cluster_queues::set(const topic_name& topic, std::vector<message_queue> queues) {
  std::erase_if(queues, [&](const message_queue& queue) { return queue.topic != topic; });
  std::sort(queues.begin(), queues.end());
  queues.erase(std::unique(queues.begin(), queues.end()), queues.end());
  topics_[topic] = std::move(queues);
}

void cluster_queues::keep(const std::vector<topic_name>& topics) {
  std::erase_if(topics_, [&](const auto& known) {
    return !std::binary_search(topics.begin(), topics.end(), known.first);
  });
}

std::map<local_queue, client_id>
cluster_queues::wanted_owners(const std::vector<sharing_member>& members) const {
  std::map<local_queue, client_id> result;
  if (members.empty()) return result;
  for (const auto& [topic, queues] : topics_) {
    auto owners = allocate(queues, members);
    for (std::size_t i = 0; i < queues.size(); ++i)
      if (owners[i] && queues[i].broker == own_)
        result.emplace(local_queue{topic, queues[i].id}, members[*owners[i]].client);
  }
  return result;
}

std::vector<local_queue> cluster_queues::local() const {
  std::vector<local_queue> result;
  for (const auto& [topic, queues] : topics_)
    for (const auto& queue : queues)
      if (queue.broker == own_) result.push_back({topic, queue.id});
  return result;
}

} // namespace cafmq
