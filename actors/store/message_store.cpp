#include "actors/store/message_store.hpp"

#include <algorithm>
#include <cassert>
#include <span>
#include <utility>

#include "messages/codec/java_hash.hpp"
#include "messages/codec/properties.hpp"

namespace cafmq {

namespace {

constexpr const char* abort_path = "abort";
/// A burst is written early when it is larger, so that the buffer stays in the processor's cache.
constexpr std::size_t buffer_bytes_max = 1024 * 1024;
/// Units that gather in memory before they are written.
constexpr std::size_t unwritten_units_max = 4096;
/// Fewer wait for the next thorough flush: the files of thousands of queues cost more to open than
/// a recovery to make their last units again.
constexpr std::size_t units_worth_writing = 256;

caf::error unavailable(const std::string& reason) {
  return make_error(errc::service_not_available, "the broker stores nothing now: " + reason);
}

/// Whether retention or the end of a topic took the file meanwhile.
bool was_removed(const store_directory& directory, const std::string& path) {
  const auto slash = path.rfind('/');
  const auto listed = directory.files(path.substr(0, slash));
  if (!listed) return false; // opening it will tell
  const auto name = path.substr(slash + 1);
  return std::none_of(listed->begin(), listed->end(),
                      [&](const auto& file) { return file.name == name; });
}

/// Writes a file's bytes in their places again. Blocks of zeros are left out: they are holes, and
/// should stay so.
caf::expected<void> write_again(store_file& file) {
  constexpr std::int64_t block_bytes = 64 * 1024;
  std::vector<std::uint8_t> block(static_cast<std::size_t>(block_bytes));
  for (std::int64_t at = 0; at < file.size(); at += block_bytes) {
    const auto size = static_cast<std::size_t>(std::min(block_bytes, file.size() - at));
    const auto part = std::span{block}.first(size);
    if (auto done = file.read(at, part); !done) return done;
    if (std::all_of(part.begin(), part.end(), [](std::uint8_t byte) { return byte == 0; }))
      continue;
    if (auto done = file.write(at, part); !done) return done;
  }
  return caf::unit;
}

} // namespace

message_store::message_store(store_directory& directory, const store_config& config,
                             store_host host)
    : contents_(std::make_shared<store_contents>(directory, config)),
      view_(std::make_shared<store_view>(contents_)), host_(host) {}

caf::expected<std::unique_ptr<message_store>>
message_store::open(store_directory& directory, const store_config& config, store_host host,
                    const std::string& abort_text, wall_time_ms now) {
  std::unique_ptr<message_store> store{new message_store{directory, config, host}};
  if (auto started = store->start(abort_text, now); !started) return started.error();
  return store;
}

caf::expected<void> message_store::start(const std::string& abort_text, wall_time_ms now) {
  auto& directory = contents_->directory;
  if (auto locked = directory.lock(); !locked) return locked;
  auto abort_file = directory.read_small(abort_path);
  if (!abort_file) return abort_file.error();
  if (auto loaded = contents_->log.load(); !loaded) return loaded;
  if (auto loaded = contents_->queues.load(); !loaded) return loaded;
  if (auto loaded = contents_->index.load(); !loaded) return loaded;
  if (auto loaded = contents_->deletions.load(); !loaded) return loaded;
  auto checkpoint = load_checkpoint(directory);
  if (!checkpoint) return checkpoint.error();
  checkpoint_ = *checkpoint;
  auto recovered =
    recover(*contents_, *abort_file ? last_exit::crash : last_exit::clean, checkpoint_, now);
  if (!recovered) return recovered.error();
  recovered_ = *recovered;
  end_ = written_end_ = committed_end_ = recovered_.end;
  synced_end_ = checkpoint_end_ = *abort_file ? recovered_.checked_from : recovered_.end;
  newest_time_ = std::max(recovered_.newest_time, checkpoint_.log_time);
  contents_->log_end.store(end_.value, std::memory_order_release);
  return directory.write_small(abort_path, abort_text);
}

caf::expected<send_receipt> message_store::append(const send_batch& batch, wall_time_ms now) {
  if (auto reason = refusal()) return unavailable(*reason);
  auto drafts = batch.drafts.span();
  draft_limits limits{contents_->config.max_message_size};
  if (auto valid = validate_drafts(drafts, batch.topic.value, batch.count, limits); !valid)
    return valid.error();
  if (static_cast<std::int64_t>(drafts.size()) + blank_bytes > contents_->log.segment_bytes())
    return make_error(errc::message_illegal,
                      "a batch of " + std::to_string(drafts.size())
                        + " bytes does not fit into a segment of the log; split it");
  if (auto room = make_room(static_cast<std::int64_t>(drafts.size())); !room) return room.error();
  auto queue = contents_->queues.find_or_add(batch.topic.value, batch.queue);
  // Store times do not go back along the log, whatever the clock does.
  newest_time_ = std::max(newest_time_, now);
  send_receipt receipt{send_status::send_ok, queue->next, end_, newest_time_};
  auto& staged = staged_.emplace_back();
  staged.queue = queue;
  staged.first = queue->next;
  staged.first_unit = staged_units_.size();
  staged.count = static_cast<std::size_t>(batch.count);
  auto at = buffer_.size();
  buffer_.insert(buffer_.end(), drafts.begin(), drafts.end());
  while (at < buffer_.size()) {
    auto rest = std::span{buffer_}.subspan(at);
    auto size =
      stamp_record(rest, {batch.queue, queue->next, end_, newest_time_, host_.address, host_.port});
    stage(check_record(rest).record, queue->key_seed);
    queue->next = queue->next + 1;
    end_ = end_ + size;
    at += static_cast<std::size_t>(size);
  }
  if (buffer_.size() >= buffer_bytes_max)
    if (auto written = write_staged(); !written) return fail_writing(written.error());
  return receipt;
}

/// One pass over the properties gives the tags code and the hashes of all keys.
void message_store::stage(const record_view& record, std::int32_t key_seed) {
  auto& unit = staged_units_.emplace_back(queue_unit{record.position, record.size, 0});
  bool indexed = contents_->config.message_index_enable;
  auto enter = [&](std::string_view key) {
    if (indexed)
      staged_keys_.push_back(
        {index_hash(java_hash(key, key_seed)), record.position, record.store_timestamp});
  };
  for_each_property(record.properties, [&](std::string_view name, std::string_view value) {
    if (name == property::tags) unit.tags_code = java_hash(value);
    if (name == property::unique_key) enter(value);
    if (name == property::keys) for_each_key(value, enter);
  });
}

/// Goes on to a new segment when the rest of this one cannot take `bytes` and a blank behind them.
caf::expected<void> message_store::make_room(std::int64_t bytes) {
  auto& log = contents_->log;
  if (log.empty() || end_ == log.capacity()) {
    if (auto written = write_staged(); !written) return fail_writing(written.error());
    if (auto added = log.add_segment(end_); !added) return fail_writing(added.error());
    return caf::unit;
  }
  auto left = log.capacity() - end_;
  if (bytes + blank_bytes <= left) return caf::unit;
  auto at = buffer_.size();
  buffer_.resize(at + blank_bytes);
  write_blank(std::span{buffer_}.subspan(at), static_cast<std::int32_t>(left));
  if (auto written = write_staged(); !written) return fail_writing(written.error());
  end_ = written_end_ = log.capacity();
  if (auto added = log.add_segment(); !added) return fail_writing(added.error());
  return caf::unit;
}

caf::expected<void> message_store::write_staged() {
  if (buffer_.empty()) return caf::unit;
  if (auto written = contents_->log.write(written_end_, buffer_); !written) return written;
  written_end_ = written_end_ + static_cast<std::int64_t>(buffer_.size());
  buffer_.clear();
  return caf::unit;
}

caf::expected<void> message_store::commit() {
  if (auto written = write_staged(); !written) return fail_writing(written.error());
  return caf::unit;
}

caf::expected<void> message_store::sync() {
  for (const auto& file : contents_->log.files_between(synced_end_, end_))
    if (auto synced = file->sync(); !synced) return fail_writing(synced.error());
  synced_end_ = end_;
  return caf::unit;
}

std::vector<message_store::advanced_queue> message_store::publish(wall_time_ms now) {
  committed_end_ = written_end_ = end_;
  contents_->log_end.store(end_.value, std::memory_order_release);
  std::vector<stored_queue*> touched;
  for (const auto& batch : staged_) {
    auto& queue = *batch.queue;
    queue.units.append(batch.first,
                       std::span{staged_units_}.subspan(batch.first_unit, batch.count));
    queue.dirty = true;
    if (touched.empty() || touched.back() != &queue) touched.push_back(&queue);
  }
  if (!staged_keys_.empty())
    if (auto put = contents_->index.put(staged_keys_, now); !put) broken_ = sentence(put.error());
  std::sort(touched.begin(), touched.end());
  touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
  std::vector<advanced_queue> advanced;
  for (auto* queue : touched) {
    if (queue->units.unwritten() >= unwritten_units_max)
      if (auto written = queue->units.write_out(); !written) broken_ = sentence(written.error());
    advanced.push_back({queue->name, queue->units.max()});
  }
  forget_staged();
  return advanced;
}

caf::error message_store::fail_writing(const caf::error& why) {
  broken_ = sentence(why);
  undo_burst();
  return unavailable(broken_);
}

/// Takes the burst back: offsets, and bytes that may have got into the files. A refused message
/// must not come back with a recovery.
void message_store::undo_burst() {
  for (auto batch = staged_.rbegin(); batch != staged_.rend(); ++batch)
    batch->queue->next = batch->first;
  forget_staged();
  buffer_.clear();
  end_ = written_end_ = committed_end_;
  synced_end_ = std::min(synced_end_, committed_end_);
  zeroing_due_ = !contents_->log.truncate(committed_end_);
}

void message_store::forget_staged() {
  staged_.clear();
  staged_units_.clear();
  staged_keys_.clear();
}

std::optional<std::string> message_store::refusal() const {
  if (!broken_.empty()) return broken_;
  if (!no_room_.empty()) return no_room_;
  if (disk_full_)
    return "the disk of " + contents_->directory.description()
           + " is fuller than diskSpaceWarningLevelRatio, "
           + std::to_string(contents_->config.disk_space_warning_level_ratio) + " %";
  return std::nullopt;
}

bool message_store::probe() {
  assert(!has_burst());
  if (!broken_.empty()) {
    if (zeroing_due_) {
      if (!contents_->log.truncate(committed_end_)) return false;
      zeroing_due_ = false;
    }
    if (!write_log_again() || !write_derived_again() || !write_out_all()) return false;
    // What is here is safe and may be flushed, so that retention can make room.
    no_room_ = std::exchange(broken_, {});
  }
  if (!has_room()) return false;
  no_room_.clear();
  return !disk_full_;
}

/// A failed sync may have dropped pages that it could not write; what is not known to be on the
/// disk is written again from the page cache before anything is promised.
bool message_store::write_log_again() {
  auto& log = contents_->log;
  // The last file always: its sync tells whether the disk takes any, and makes the zeros durable
  // that stand where a refused burst was.
  const auto from = std::min(synced_end_, log.capacity() + -1);
  const auto files = log.files_between(from, log.capacity());
  // Whoever syncs is told the failure that is known already; what it lost is written below.
  for (const auto& file : files)
    static_cast<void>(file->sync());
  for (const auto& file : log.flusher_files_between(from, log.capacity()))
    static_cast<void>(file->sync());
  for (auto at = std::max(synced_end_, log.begin()); at < committed_end_;) {
    auto reading = log.read(at);
    auto bytes = std::min<std::int64_t>(
      {static_cast<std::int64_t>(reading.bytes.size()), committed_end_ - at, 1024 * 1024});
    std::vector<std::uint8_t> copy(reading.bytes.begin(), reading.bytes.begin() + bytes);
    if (!log.write(at, copy)) return false;
    at = at + bytes;
  }
  for (const auto& file : files)
    if (!file->sync()) return false;
  synced_end_ = committed_end_;
  return true;
}

/// The same for queues and index, whose next thorough flush syncs it.
bool message_store::write_derived_again() {
  auto& directory = contents_->directory;
  for (const auto& file : lost_.index)
    if (!write_again(*file)) return false;
  for (const auto& path : lost_.queues) {
    if (was_removed(directory, path)) continue;
    auto file = directory.open(path);
    if (!file || !write_again(**file)) return false;
  }
  written_again_.add(lost_);
  lost_ = {};
  return true;
}

bool message_store::write_out_all() {
  for (const auto& queue : contents_->queues.all())
    if (queue->dirty && !queue->units.write_out()) return false;
  return static_cast<bool>(contents_->index.write_out());
}

/// Room for the next messages: a write of nothing but zeros behind the end tells whether the disk
/// takes any.
bool message_store::has_room() {
  auto& log = contents_->log;
  if (log.empty() || committed_end_ >= log.capacity()) return true;
  std::vector<std::uint8_t> zeros(
    static_cast<std::size_t>(std::min<std::int64_t>(64 * 1024, log.capacity() - committed_end_)));
  return static_cast<bool>(log.write(committed_end_, zeros));
}

void derived_files::add(const derived_files& more) {
  auto insert = [](auto& into, const auto& files) {
    into.insert(into.end(), files.begin(), files.end());
    std::sort(into.begin(), into.end());
    into.erase(std::unique(into.begin(), into.end()), into.end());
  };
  insert(index, more.index);
  insert(queues, more.queues);
}

caf::expected<void> sync(const flush_job& job) {
  for (const auto& file : job.log_files)
    if (auto synced = file->sync(); !synced) return synced;
  for (const auto& file : job.derived.index)
    if (auto synced = file->sync(); !synced) return synced;
  return job.directory->sync(job.derived.queues);
}

flush_job message_store::start_flush(bool thorough) {
  assert(broken_.empty() && lost_.empty());
  flush_job job;
  job.directory = &contents_->directory;
  job.log_end = committed_end_;
  job.log_files = contents_->log.flusher_files_between(synced_end_, committed_end_);
  job.checkpoint = checkpoint_;
  job.checkpoint.log_time = newest_time_;
  const bool all_written = write_out_derived(thorough);
  if (!thorough) return job;
  job.derived = take_derived_files();
  job.thorough = all_written; // the checkpoint must not vouch for what is in memory only
  if (job.thorough) job.checkpoint.queue_time = job.checkpoint.index_time = newest_time_;
  return job;
}

/// Whether everything that was to be written is in the files.
bool message_store::write_out_derived(bool thorough) {
  bool all_written = true;
  auto give_up = [&](const caf::error& why) {
    broken_ = sentence(why);
    all_written = false;
  };
  for (const auto& queue : contents_->queues.all()) {
    if (!queue->dirty || (!thorough && queue->units.unwritten() < units_worth_writing)) continue;
    if (auto written = queue->units.write_out(); !written)
      give_up(written.error());
    else
      queue->dirty = false;
    queue->units.rest();
  }
  if (thorough)
    if (auto written = contents_->index.write_out(); !written) give_up(written.error());
  return all_written;
}

/// All files of queues and index that were written since the last thorough flush.
derived_files message_store::take_derived_files() {
  auto files = std::exchange(written_again_, {});
  derived_files written{contents_->index.take_written_files(), {}};
  for (const auto& queue : contents_->queues.all()) {
    auto paths = queue->units.take_written_files();
    written.queues.insert(written.queues.end(), paths.begin(), paths.end());
  }
  files.add(written);
  return files;
}

void message_store::finish_flush(const flush_job& job, const caf::error& problem) {
  if (problem) {
    // What was not synced may be lost; `probe` writes it again.
    broken_ = sentence(problem);
    lost_.add(job.derived);
    return;
  }
  synced_end_ = std::max(synced_end_, std::min(job.log_end, committed_end_));
  checkpoint_.log_time = job.checkpoint.log_time;
  if (job.thorough) {
    checkpoint_ = job.checkpoint;
    checkpoint_end_ = job.log_end;
    retention_waits_ = false; // until it finds something to wait for again
  }
  contents_->log.release_flusher_files(synced_end_);
  auto written = write_checkpoint(contents_->directory, checkpoint_file_, checkpoint_);
  if (written)
    checkpoint_file_ = *written; // an older checkpoint only makes the next recovery longer
}

caf::expected<void> message_store::clean(wall_time_ms now, int hour) {
  auto& log = contents_->log;
  std::vector<wall_time_ms> modified;
  for (std::size_t i = 0; i < log.segment_count(); ++i)
    modified.push_back(log.modified_at(i));
  auto decision =
    decide_retention(modified, now, hour, contents_->directory.used_percent(), contents_->config);
  disk_full_ = decision.refuse_sends;
  // A queue must know on the disk how far it got before the last trace of that goes.
  std::size_t removable = 0;
  while (removable < decision.segments_to_remove
         && log.first_of(removable) + log.segment_bytes() <= checkpoint_end_.value)
    ++removable;
  retention_waits_ = removable < decision.segments_to_remove;
  caf::expected<void> removed = caf::unit;
  if (removable > 0) removed = log.remove_oldest(removable);
  // Even when nothing went now: a former round may have failed here.
  for (const auto& queue : contents_->queues.all())
    if (auto expired = queue->units.expire(log.begin()); !expired) return expired;
  if (auto expired = contents_->index.expire(log.begin()); !expired) return expired;
  if (auto confined = contents_->deletions.confine(log.begin(), committed_end_); !confined)
    return confined;
  // What went may have made room enough.
  disk_full_ =
    disk_full_
    && contents_->directory.used_percent() > contents_->config.disk_space_warning_level_ratio;
  return removed;
}

caf::expected<void> message_store::remove_topic(const topic_name& topic) {
  assert(!has_burst());
  if (!contents_->queues.has(topic.value)) return caf::unit;
  // A position behind what the disk has could come to mean other messages. A broken store cannot
  // sync; its next start confines the position.
  if (broken_.empty())
    if (auto synced = sync(); !synced) return synced;
  // First, so that no start enters again what the log still holds, wherever a crash comes.
  if (auto added = contents_->deletions.add(topic.value, committed_end_); !added) return added;
  return contents_->queues.remove_topic(topic.value, committed_end_);
}

caf::expected<void> message_store::close() {
  assert(!has_burst());
  if (!broken_.empty()) probe(); // a last time
  if (broken_.empty()) {
    auto job = start_flush(true);
    auto synced = cafmq::sync(job);
    finish_flush(job, synced ? caf::error{} : synced.error());
  }
  if (!broken_.empty())
    return make_error(errc::io_error,
                      broken_); // the abort file stays: the next start checks everything
  if (checkpoint_file_)
    if (auto synced = checkpoint_file_->sync(); !synced) return synced;
  return contents_->directory.remove(abort_path);
}

} // namespace cafmq
