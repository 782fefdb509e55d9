#include "runtime/storage/queue_check.hpp"

#include <optional>

#include "messages/codec/properties.hpp"

namespace cafmq::inspection {

namespace {

/// Messages wait here for their delay; the tags code of their units is the time when it ends.
constexpr std::string_view delay_topic = "SCHEDULE_TOPIC_XXXX";
/// Names the further queues that a record stands in.
constexpr std::string_view multi_dispatch = "INNER_MULTI_DISPATCH";
/// A tags code up to here is a place in the consume queue's extension, where the code itself stands
/// (RocketMQ: ConsumeQueueExt.java).
constexpr std::int64_t extension_code_max = std::int64_t{INT32_MIN} - 1;

bool is_right_code(const queue_unit& unit, const record_view& record) {
  if (unit.tags_code <= extension_code_max) return true;
  if (record.topic == delay_topic && !find_property(record.properties, property::delay).empty())
    return unit.tags_code >= record.store_timestamp;
  return unit.tags_code == tags_code(record.properties);
}

/// What is wrong with `unit`; nullopt when it agrees with the record at its position.
std::optional<std::string> contradiction(const file_run& log, const local_queue& queue,
                                         queue_offset offset, const queue_unit& unit) {
  auto place = [&] { return log.place(unit.position.value); };
  auto checked = check_record(log.from(unit.position.value));
  if (checked.kind != record_kind::valid) return "points to " + place() + ", where no record is";
  const auto& record = checked.record;
  if (!find_property(record.properties, multi_dispatch).empty()) return std::nullopt;
  if (record.topic != queue.topic.value || record.queue != queue.id || record.offset != offset)
    return "points to " + place() + ", where message " + std::to_string(record.offset.value)
           + " of queue " + std::to_string(record.queue.value) + " of topic "
           + std::string{record.topic} + " is";
  if (unit.size != record.size)
    return "states a size of " + std::to_string(unit.size) + " bytes for the record of "
           + std::to_string(record.size) + " in " + place();
  if (!is_right_code(unit, record))
    return "states tags code " + std::to_string(unit.tags_code) + " for the record in " + place()
           + ", whose tags give " + std::to_string(tags_code(record.properties));
  return std::nullopt;
}

void check_queue(const stopped_store& store, const local_queue& queue, const file_run& units,
                 findings& found, store_summary& summary) {
  auto range = written_units(units);
  summary.units += range.end - range.first;
  auto name = "queue " + std::to_string(queue.id.value) + " of topic " + queue.topic.value;
  similar_faults faults{found, name};
  std::int64_t beyond = 0;
  for (auto offset = range.first; offset < range.end; offset = offset + 1) {
    auto unit = unit_at(units, offset);
    if (unit.position < summary.log_begin) continue; // its segment was deleted by age
    if (unit.position >= summary.log_end) {
      ++beyond;
      continue;
    }
    if (auto wrong = contradiction(store.log(), queue, offset, unit))
      faults.add("unit " + std::to_string(offset.value) + " of " + name + ", in "
                 + units.place(offset.value * queue_unit::bytes) + ", " + *wrong);
  }
  if (beyond > 0)
    found.unfinished(name + " has " + std::to_string(beyond)
                     + " units that point behind the end of the log, which is at "
                     + std::to_string(summary.log_end.value));
}

} // namespace

void check_queues(const stopped_store& store, findings& found, store_summary& summary) {
  summary.queues = static_cast<std::int64_t>(store.queues().size());
  for (const auto& [queue, units] : store.queues())
    check_queue(store, queue, units, found, summary);
}

} // namespace cafmq::inspection
