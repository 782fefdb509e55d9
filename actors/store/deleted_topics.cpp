#include "actors/store/deleted_topics.hpp"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace cafmq {

namespace {
constexpr const char* deletions_path = "config/deletedTopics.json";
} // namespace

caf::expected<void> deleted_topics::load() {
  auto text = directory_.read_small(deletions_path);
  if (!text) return text.error();
  if (!*text) return caf::unit;
  auto read = read_deletions_json(**text);
  if (!read) return read.error();
  deletions_ = std::move(*read);
  return caf::unit;
}

log_position deleted_topics::newest() const {
  log_position result;
  for (const auto& [topic, log_end] : deletions_.log_ends)
    result = std::max(result, log_end);
  return result;
}

caf::expected<void> deleted_topics::add(std::string_view topic, log_position log_end) {
  auto changed = deletions_;
  changed.log_ends.insert_or_assign(std::string{topic}, log_end);
  return replace(std::move(changed));
}

caf::expected<void> deleted_topics::confine(log_position begin, log_position end) {
  auto changed = deletions_;
  for (auto& [topic, log_end] : changed.log_ends)
    log_end = std::min(log_end, end);
  std::erase_if(changed.log_ends, [=](const auto& entry) { return entry.second <= begin; });
  if (changed == deletions_) return caf::unit;
  return replace(std::move(changed));
}

caf::expected<void> deleted_topics::replace(topic_deletions changed) {
  auto written = directory_.write_small(deletions_path, write_deletions_json(changed));
  if (written) deletions_ = std::move(changed);
  return written;
}

} // namespace cafmq
