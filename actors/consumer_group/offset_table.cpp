#include "actors/consumer_group/offset_table.hpp"

namespace cafmq {

offset_table::offset_table(const std::vector<queue_position>& stored) {
  for (const auto& position : stored)
    commit(position);
  changed_.clear();
}

bool offset_table::commit(const queue_position& position) {
  if (position.offset < queue_offset{0}) return true;
  auto known = offsets_.find(position.queue);
  if (known == offsets_.end()) {
    if (offsets_.size() >= queues_max) return false;
    offsets_.emplace(position.queue, position.offset);
  } else {
    if (known->second == position.offset) return true;
    known->second = position.offset;
  }
  changed_.insert(position.queue);
  return true;
}

bool offset_table::forget(const topic_name& topic) {
  std::erase_if(changed_, [&](const auto& queue) { return queue.topic == topic; });
  return std::erase_if(offsets_, [&](const auto& one) { return one.first.topic == topic; }) > 0;
}

queue_offset offset_table::find(const local_queue& queue) const {
  auto known = offsets_.find(queue);
  return known == offsets_.end() ? no_offset : known->second;
}

std::vector<queue_position> offset_table::take_changes() {
  std::vector<queue_position> result;
  result.reserve(changed_.size());
  for (const auto& queue : changed_)
    result.push_back({queue, offsets_.at(queue)});
  changed_.clear();
  return result;
}

} // namespace cafmq
