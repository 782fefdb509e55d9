#include "actors/store/store_recovery.hpp"

#include <algorithm>
#include <optional>

#include "actors/store/redispatch.hpp"

namespace cafmq {

namespace {

/// Where the queues have got to: behind the record of the newest unit.
log_position dispatched_until(const store_contents& contents) {
  log_position end = contents.log.begin();
  for (const auto& queue : contents.queues.all())
    end = std::max(end, queue->units.end_position());
  return end;
}

/// The start of the newest segment whose first record was stored by `time`; the oldest segment when
/// there is none.
log_position newest_segment_before(const segmented_log& log, wall_time_ms time) {
  for (auto index = log.segment_count(); index > 1; --index) {
    log_position start{log.first_of(index - 1)};
    auto first = check_record(log.read(start).bytes, body_check::crc);
    if (first.kind == record_kind::valid && first.record.store_timestamp != 0
        && first.record.store_timestamp <= time)
      return start;
  }
  return log.begin();
}

/// Where reading begins after a clean exit: behind everything that is known to be dispatched.
log_position dispatched_start(const store_contents& contents, const store_checkpoint& checkpoint) {
  const auto end = std::min(dispatched_until(contents), contents.log.capacity());
  // Without any unit the queues may be gone altogether, and must be made again. Otherwise what lies
  // behind the last unit was deleted, and the checkpoint tells how much of it need not be read.
  if (end == contents.log.begin() || end >= contents.deletions.newest()) return end;
  const auto safe_time = checkpoint.safe_time(contents.config.message_index_enable);
  return std::max(end, newest_segment_before(contents.log, safe_time));
}

/// Before anything is derived from the queues, those go whose deletion a crash has cut short.
caf::expected<void> complete_deletions(store_contents& contents) {
  for (const auto& [topic, log_end] : contents.deletions.all().log_ends)
    if (auto removed = contents.queues.remove_topic(topic, log_end); !removed) return removed;
  return caf::unit;
}

/// Reads records from `from` until one is invalid, and enters each into queues and index; nullopt
/// when units are missing before `from`.
caf::expected<std::optional<recovered_store>> walk(store_contents& contents, log_position from,
                                                   wall_time_ms now) {
  recovered_store result;
  result.end = result.checked_from = from;
  const auto check = contents.config.check_crc_on_recover ? body_check::crc : body_check::skip;
  redispatch dispatch{
    contents,
    from == contents.log.begin() ? redispatch::gap::is_damage : redispatch::gap::loses_units, now};
  while (result.end < contents.log.capacity()) {
    auto reading = contents.log.read(result.end);
    auto checked = check_record(reading.bytes, check);
    if (checked.kind == record_kind::blank) {
      log_position next{result.end.value + static_cast<std::int64_t>(reading.bytes.size())};
      if (next == contents.log.capacity())
        break; // the blank is written, the next file is not there yet
      result.end = next;
      continue;
    }
    if (checked.kind != record_kind::valid || checked.record.position != result.end
        || is_torn(checked.record, reading.bytes.subspan(static_cast<std::size_t>(checked.size))))
      break;
    auto entered = dispatch.enter(checked.record);
    if (!entered) return entered.error();
    if (*entered == redispatch::outcome::units_are_missing) return std::optional<recovered_store>{};
    if (*entered == redispatch::outcome::is_not_believable) break;
    result.newest_time = checked.record.store_timestamp;
    result.end = result.end + checked.size;
    ++result.records;
  }
  return std::optional{result};
}

/// Makes all queues and the index anew from the whole log. What a queue's expired messages were is
/// known to its units alone: where they ended, one goes on that finds nothing in the log.
caf::expected<std::optional<recovered_store>> rebuild(store_contents& contents, wall_time_ms now) {
  std::vector<std::pair<std::shared_ptr<stored_queue>, queue_offset>> expired_ends;
  for (const auto& queue : contents.queues.all()) {
    if (queue->units.expire(contents.log.begin())) // else its files cannot be read
      expired_ends.emplace_back(queue, queue->units.min());
    if (auto cleared = queue->units.clear(); !cleared) return cleared.error();
  }
  if (auto cleared = contents.index.truncate({0}); !cleared) return cleared.error();
  auto walked = walk(contents, contents.log.begin(), now);
  if (!walked) return walked;
  for (const auto& [queue, offset] : expired_ends) {
    if (queue->units.max() >= offset) continue;
    if (auto begun = queue->units.begin_at(offset); !begun) return begun.error();
    queue->dirty = true; // its file is to be synced
  }
  return walked;
}

bool queues_miss_files(const store_contents& contents) {
  const bool nothing_expired = contents.log.begin().value == 0;
  const auto queues = contents.queues.all();
  return std::any_of(queues.begin(), queues.end(), [=](const auto& queue) {
    return queue->units.misses_files() || (nothing_expired && queue->units.min().value > 0);
  });
}

/// Bytes behind the end up to the last one that is not zero, looking no further than a torn record
/// would reach: untouched parts of the file are holes that should stay so.
std::int64_t bytes_behind(const segmented_log& log, log_position end) {
  constexpr std::size_t looked_at_max = 64 * 1024;
  auto rest = log.read(end).bytes;
  rest = rest.first(std::min(rest.size(), looked_at_max));
  auto last = std::find_if(rest.rbegin(), rest.rend(), [](std::uint8_t byte) { return byte != 0; });
  return rest.rend() - last;
}

} // namespace

caf::expected<recovered_store> recover(store_contents& contents, last_exit exit,
                                       const store_checkpoint& checkpoint, wall_time_ms now) {
  if (auto completed = complete_deletions(contents); !completed) return completed.error();
  auto start = contents.log.begin();
  if (exit == last_exit::clean) {
    start = dispatched_start(contents, checkpoint);
  } else if (!contents.log.empty()) {
    start = newest_segment_before(contents.log,
                                  checkpoint.safe_time(contents.config.message_index_enable));
    for (const auto& queue : contents.queues.all())
      if (auto cut = queue->units.truncate(start); !cut) return cut.error();
    if (auto cut = contents.index.truncate(start); !cut) return cut.error();
  }
  caf::expected<std::optional<recovered_store>> walked{std::nullopt};
  if (!queues_miss_files(contents)) walked = walk(contents, start, now);
  if (walked && !*walked) walked = rebuild(contents, now);
  if (!walked) return walked.error();
  auto result = *walked;
  if (exit == last_exit::crash) result->cut_bytes = bytes_behind(contents.log, result->end);
  // What lies behind may look like records, and must not be found by a later recovery.
  if (exit == last_exit::crash || result->records > 0)
    if (auto cut = contents.log.truncate(result->end); !cut) return cut.error();
  // New messages may come to stand where a power cut took some that were deleted.
  if (auto confined = contents.deletions.confine(contents.log.begin(), result->end); !confined)
    return confined.error();
  for (const auto& queue : contents.queues.all()) {
    if (auto cut = queue->units.truncate(result->end); !cut) return cut.error();
    if (auto expired = queue->units.expire(contents.log.begin()); !expired) return expired.error();
    queue->next = queue->units.max();
    queue->units.rest();
  }
  return *result;
}

} // namespace cafmq
