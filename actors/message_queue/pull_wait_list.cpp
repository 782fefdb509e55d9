#include "actors/message_queue/pull_wait_list.hpp"

#include <algorithm>
#include <string>

#include "messages/errors.hpp"

namespace cafmq {

caf::expected<pull_wait_list::parked> pull_wait_list::park(pull_messages pull, time_point now) {
  parked result;
  client_key client{pull.group, pull.client};
  if (auto earlier = by_client_.find(client); earlier != by_client_.end()) {
    auto id = earlier->second;
    result.replaced.emplace(id, take(id));
  } else if (waiting_.size() >= waiting_max_) {
    return make_error(errc::system_busy, std::to_string(waiting_.size()) + " pulls wait in queue "
                                           + std::to_string(pull.queue.value) + " of topic "
                                           + pull.topic.value
                                           + " (pullRequestsWaitingMax); pull again later");
  }
  result.id = ++last_;
  auto deadline = now + pull.suspend;
  by_client_.emplace(std::move(client), result.id);
  deadlines_.emplace(deadline, result.id);
  waiting_.emplace(result.id, entry{std::move(pull), deadline});
  return result;
}

std::vector<pull_wait_list::ticket> pull_wait_list::reached(queue_offset max) const {
  std::vector<ticket> result;
  for (const auto& [id, what] : waiting_)
    if (what.pull.from < max) result.push_back(id);
  return result;
}

std::vector<pull_wait_list::ticket> pull_wait_list::due(time_point now) const {
  std::vector<ticket> result;
  for (const auto& [deadline, id] : deadlines_) {
    if (deadline > now) break;
    result.push_back(id);
  }
  return result;
}

std::optional<pull_wait_list::time_point> pull_wait_list::next_deadline() const {
  if (deadlines_.empty()) return std::nullopt;
  return deadlines_.begin()->first;
}

void pull_wait_list::pass(ticket id, queue_offset next, time_point now) {
  auto& what = waiting_.at(id);
  what.pull.from = std::max(what.pull.from, next);
  if (what.has_passed) return;
  what.has_passed = true;
  auto deadline = std::min(what.deadline, now + wait_after_passing_max);
  deadlines_.erase({what.deadline, id});
  deadlines_.emplace(deadline, id);
  what.deadline = deadline;
}

pull_messages pull_wait_list::take(ticket id) {
  auto found = waiting_.find(id);
  auto pull = std::move(found->second.pull);
  deadlines_.erase({found->second.deadline, id});
  by_client_.erase({pull.group, pull.client});
  waiting_.erase(found);
  return pull;
}

} // namespace cafmq
