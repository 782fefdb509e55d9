#include "actors/store/redispatch.hpp"

#include "messages/codec/java_hash.hpp"
#include "messages/codec/properties.hpp"

namespace cafmq {

namespace {

/// Units that gather in memory before they are written.
constexpr std::size_t unwritten_units_max = 4096;

bool enters_queue(const record_view& record) {
  const auto transaction = record.transaction_type();
  return transaction != sys_flag::transaction_prepared
         && transaction != sys_flag::transaction_rollback;
}

} // namespace

caf::expected<redispatch::outcome> redispatch::enter(const record_view& record) {
  if (record.offset.value < 0 || record.queue.value < 0) return outcome::is_not_believable;
  if (contents_.deletions.covers(record.topic, record.position)) return outcome::entered;
  if (enters_queue(record)) {
    auto entered = enter_queue(record);
    if (!entered || *entered != outcome::entered) return entered;
  }
  if (auto entered = enter_index(record); !entered) return entered.error();
  return outcome::entered;
}

caf::expected<redispatch::outcome> redispatch::enter_queue(const record_view& record) {
  if (!last_ || last_->name.topic.value != record.topic || last_->name.id != record.queue)
    last_ = contents_.queues.find_or_add(record.topic, record.queue);
  auto& queue = *last_;
  auto end = queue.units.max();
  if (record.offset < end) {
    if (record.position < queue.units.end_position()) return outcome::entered; // it is there
    if (auto cleared = queue.units.clear(); !cleared) return cleared.error();
    end = {};
  }
  const bool is_empty = queue.units.min() == end;
  if (record.offset > end) {
    if (gap_ == gap::loses_units) return outcome::units_are_missing;
    if (!is_empty) return outcome::is_not_believable;
  }
  queue.units.append(record.offset, {record.position, record.size, unit_tags_code(record)});
  queue.next = record.offset + 1;
  queue.dirty = true;
  if (queue.units.unwritten() >= unwritten_units_max)
    if (auto written = queue.units.write_out(); !written) return written.error();
  return outcome::entered;
}

caf::expected<void> redispatch::enter_index(const record_view& record) {
  if (!contents_.config.message_index_enable
      || record.transaction_type() == sys_flag::transaction_rollback)
    return caf::unit;
  if (record.position < contents_.index.end_position()) return caf::unit;
  const auto seed = last_ && last_->name.topic.value == record.topic
                      ? last_->key_seed
                      : java_hash("#", java_hash(record.topic));
  keys_.clear();
  auto enter = [&](std::string_view key) {
    keys_.push_back({index_hash(java_hash(key, seed)), record.position, record.store_timestamp});
  };
  auto unique_key = find_property(record.properties, property::unique_key);
  if (!unique_key.empty()) enter(unique_key);
  for_each_key(find_property(record.properties, property::keys), enter);
  return contents_.index.put(keys_, now_);
}

} // namespace cafmq
