#include "runtime/storage/log_check.hpp"

#include <algorithm>
#include <cstring>

#include "messages/codec/big_endian.hpp"
#include "messages/codec/metadata_json.hpp"
#include "runtime/storage/log_cursor.hpp"

namespace cafmq::inspection {

namespace {

constexpr std::int64_t progress_step_bytes = 16 << 20;

std::string queue_name(std::string_view topic, queue_id queue) {
  return "queue " + std::to_string(queue.value) + " of topic " + std::string{topic};
}

bool enters_queue(const record_view& record) {
  auto type = record.transaction_type();
  return type != sys_flag::transaction_prepared && type != sys_flag::transaction_rollback;
}

} // namespace

log_check::log_check(const stopped_store& store, findings& found, store_summary& summary)
    : store_(&store), found_(&found), summary_(&summary) {
  if (auto document = read_topics_json(store.content("config/topics.json")))
    topics_ = std::move(document->topics);
}

void log_check::run() {
  const auto& log = store_->log();
  log_cursor cursor{log, body_check::crc};
  auto total = log.end() - log.begin();
  std::int64_t next_progress = 0;
  for (;;) {
    auto step = cursor.next();
    auto done = step.at.value - log.begin();
    if (done >= next_progress) {
      found_->progress(done, total);
      next_progress = done + progress_step_bytes;
    }
    if (step.kind == record_kind::blank) {
      check_blank(step.size, step.at);
    } else if (step.kind == record_kind::valid) {
      ++summary_->records;
      check_record_in_place(step.record, step.at);
    } else {
      summary_->log_end = step.at;
      break;
    }
  }
  found_->progress(total, total);
  report_missing_units();
  check_end(summary_->log_end);
}

void log_check::check_record_in_place(const record_view& record, log_position at) {
  if (record.position != at)
    found_->fault("the record in " + store_->log().place(at.value) + " states the log position "
                  + std::to_string(record.position.value) + " and stands at "
                  + std::to_string(at.value));
  if (record.store_timestamp < newest_ && !clock_went_back_) {
    clock_went_back_ = true;
    found_->note("the record in " + store_->log().place(at.value)
                 + " was stored earlier than the one before it, by "
                 + std::to_string(newest_ - record.store_timestamp)
                 + " ms: the clock went back; later ones are not reported");
  }
  newest_ = std::max(newest_, record.store_timestamp);
  if (!enters_queue(record) || store_->deletions().covers(record.topic, at)) return;
  auto& track = track_of(record);
  check_order(record, at, track);
  check_unit(record, track);
}

log_check::queue_track& log_check::track_of(const record_view& record) {
  auto [found, is_new] = tracks_.try_emplace(queue_key{record.topic, record.queue});
  if (is_new) {
    auto units = store_->queues().find({{std::string{record.topic}}, record.queue});
    if (units != store_->queues().end()) found->second.units = &units->second;
  }
  return found->second;
}

void log_check::check_order(const record_view& record, log_position at, queue_track& track) {
  if (track.records++ == 0 || record.offset == track.next) {
    track.next = record.offset + 1;
    return;
  }
  if (record.offset.value == 0) {
    found_->note(queue_name(record.topic, record.queue) + " begins anew with the record in "
                 + store_->log().place(at.value) + ": its topic was deleted and made again");
    track.missing = 0;
  } else {
    found_->fault("the record in " + store_->log().place(at.value) + " has offset "
                  + std::to_string(record.offset.value) + " in "
                  + queue_name(record.topic, record.queue) + " where "
                  + std::to_string(track.next.value) + " comes next");
  }
  track.next = record.offset + 1;
}

void log_check::check_unit(const record_view& record, queue_track& track) {
  if (track.units != nullptr && unit_at(*track.units, record.offset).written()) {
    if (track.missing > 0)
      found_->fault(queue_name(record.topic, record.queue) + " has no units for its "
                    + std::to_string(track.missing) + " messages from offset "
                    + std::to_string(track.missing_from.value) + " on");
    track.missing = 0;
    return;
  }
  if (track.missing++ == 0) track.missing_from = record.offset;
}

void log_check::report_missing_units() {
  for (const auto& [key, track] : tracks_)
    if (track.missing > 0 && !was_deleted(key.topic))
      found_->unfinished(queue_name(key.topic, key.queue) + " has no units for its last "
                         + std::to_string(track.missing) + " messages, from offset "
                         + std::to_string(track.missing_from.value) + " on");
}

/// A deletion by a broker of RocketMQ's takes the queues and nothing else: no file says that the
/// records in the log count no more.
bool log_check::was_deleted(std::string_view topic) const {
  return !topics_.empty() && !topics_.contains({std::string{topic}});
}

void log_check::check_blank(std::int32_t size, log_position at) {
  auto left = static_cast<std::int64_t>(store_->log().from(at.value).size());
  if (size != left)
    found_->fault("the blank record in " + store_->log().place(at.value) + " covers "
                  + std::to_string(size) + " bytes where " + std::to_string(left)
                  + " are left in the file");
}

void log_check::check_end(log_position end) {
  const auto& log = store_->log();
  const auto* last = log.part_at(end.value);
  if (last == nullptr || log.is_unwritten(end.value)) return;
  if (is_indexed_record_behind(end))
    found_->fault("the record in " + log.place(end.value)
                  + " is damaged, though whole ones follow; a start would cut the log there");
  else if (!log.is_unwritten(last->first + log.file_bytes()))
    found_->fault("there is no valid record in " + log.place(end.value)
                  + ", though files follow that are written; a start would cut the log there");
  else
    found_->note("the bytes behind the last record, in " + log.place(end.value)
                 + ", are no whole record: a torn write, or left over from a cut");
}

/// Whether behind `end` stands a record that a consume queue knows: then the log goes on there, and
/// the bytes at `end` were a record once.
bool log_check::is_indexed_record_behind(log_position end) const {
  for (auto from = end + 1; !store_->log().from(from.value).empty();) {
    auto rest = store_->log().from(from.value);
    if (has_indexed_record(rest, from)) return true;
    from = from + static_cast<std::int64_t>(rest.size());
  }
  return false;
}

/// Whether such a record is found in `bytes`, which stand at `from`.
bool log_check::has_indexed_record(std::span<const std::uint8_t> bytes, log_position from) const {
  std::uint8_t magic[4];
  store_big_endian(magic, record_magic_v1);
  constexpr std::size_t at_magic = 4;
  for (std::size_t at = at_magic; at < bytes.size(); ++at) {
    const auto* hit = static_cast<const std::uint8_t*>(
      ::memmem(bytes.data() + at, bytes.size() - at, magic, sizeof magic));
    if (hit == nullptr) return false;
    at = static_cast<std::size_t>(hit - bytes.data());
    auto start = at - at_magic;
    auto found = check_record(bytes.subspan(start), body_check::crc);
    if (found.kind != record_kind::valid
        || found.record.position != from + static_cast<std::int64_t>(start))
      continue;
    auto units = store_->queues().find({{std::string{found.record.topic}}, found.record.queue});
    if (units != store_->queues().end()
        && unit_at(units->second, found.record.offset).position == found.record.position)
      return true;
  }
  return false;
}

} // namespace cafmq::inspection
