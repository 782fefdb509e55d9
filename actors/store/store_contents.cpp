#include "actors/store/store_contents.hpp"

#include <array>
#include <charconv>
#include <mutex>

#include "messages/codec/java_hash.hpp"
#include "messages/codec/properties.hpp"

namespace cafmq {

namespace {

constexpr const char* queues_folder = "consumequeue";
constexpr std::string_view delay_topic = "SCHEDULE_TOPIC_XXXX";
/// RocketMQ's delay levels 1..18 in seconds (MessageStoreConfig.messageDelayLevel).
constexpr std::array<std::int64_t, 18> delay_seconds{
  1, 5, 10, 30, 60, 120, 180, 240, 300, 360, 420, 480, 540, 600, 1200, 1800, 3600, 7200};

std::string folder_of(const local_queue& queue) {
  return std::string{queues_folder} + "/" + queue.topic.value + "/"
         + std::to_string(queue.id.value);
}

} // namespace

stored_queue::stored_queue(store_directory& directory, const local_queue& queue,
                           std::int64_t file_bytes)
    : name(queue), units(directory, folder_of(queue), file_bytes),
      key_seed(java_hash(queue.topic.value + "#")) {}

caf::expected<void> queue_table::load() {
  auto topics = directory_.folders(queues_folder);
  if (!topics) return topics.error();
  for (const auto& topic : *topics) {
    auto ids = directory_.folders(std::string{queues_folder} + "/" + topic);
    if (!ids) return ids.error();
    for (const auto& text : *ids) {
      std::int32_t id = -1;
      auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), id);
      if (problem != std::errc{} || end != text.data() + text.size() || id < 0) continue;
      auto queue = find_or_add(topic, {id});
      if (auto loaded = queue->units.load(); !loaded) return loaded.error();
      queue->next = queue->units.max();
    }
  }
  return caf::unit;
}

std::shared_ptr<stored_queue> queue_table::find(std::string_view topic, queue_id queue) const {
  std::shared_lock lock{mutex_};
  auto i = queues_.find(by_name::view{topic, queue.value});
  return i == queues_.end() ? nullptr : i->second;
}

std::shared_ptr<stored_queue> queue_table::find_or_add(std::string_view topic, queue_id queue) {
  if (auto found = find(topic, queue)) return found;
  auto added = std::make_shared<stored_queue>(directory_, local_queue{{std::string{topic}}, queue},
                                              file_bytes_);
  std::unique_lock lock{mutex_};
  return queues_.emplace(std::pair{std::string{topic}, queue.value}, std::move(added))
    .first->second;
}

std::vector<std::shared_ptr<stored_queue>> queue_table::all() const {
  std::shared_lock lock{mutex_};
  std::vector<std::shared_ptr<stored_queue>> result;
  result.reserve(queues_.size());
  for (const auto& [name, queue] : queues_)
    result.push_back(queue);
  return result;
}

bool queue_table::has(std::string_view topic) const {
  std::shared_lock lock{mutex_};
  auto first = queues_.lower_bound(by_name::view{topic, 0});
  return first != queues_.end() && first->first.first == topic;
}

caf::expected<void> queue_table::remove_topic(std::string_view topic, log_position log_end) {
  std::unique_lock lock{mutex_};
  auto i = queues_.lower_bound(by_name::view{topic, 0});
  bool is_whole_topic = i != queues_.end() && i->first.first == topic;
  while (i != queues_.end() && i->first.first == topic) {
    if (i->second->units.end_position() > log_end) {
      is_whole_topic = false;
      ++i;
      continue;
    }
    if (auto removed = i->second->units.clear(); !removed) return removed.error();
    i = queues_.erase(i);
  }
  if (!is_whole_topic) return caf::unit;
  return directory_.remove(std::string{queues_folder} + "/" + std::string{topic});
}

store_contents::store_contents(store_directory& place, const store_config& settings)
    : directory(place), config(settings),
      log(place, "commitlog", settings.mapped_file_size_commit_log),
      queues(place, settings.mapped_file_size_consume_queue),
      index(place, "index", {settings.max_hash_slot_num, settings.max_index_num}),
      deletions(place) {}

std::int64_t unit_tags_code(const record_view& record) {
  auto delay = record.topic == delay_topic ? find_property(record.properties, property::delay)
                                           : std::string_view{};
  if (delay.empty()) return tags_code(record.properties);
  std::int64_t level = 0;
  std::from_chars(delay.data(), delay.data() + delay.size(), level);
  if (level <= 0) return tags_code(record.properties);
  auto capped = static_cast<std::size_t>(
    std::min<std::int64_t>(level, static_cast<std::int64_t>(delay_seconds.size())));
  return record.store_timestamp + delay_seconds[capped - 1] * 1000;
}

} // namespace cafmq
