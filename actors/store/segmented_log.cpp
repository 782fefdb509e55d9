#include "actors/store/segmented_log.hpp"

#include <algorithm>
#include <cassert>

namespace cafmq {

segmented_log::segmented_log(store_directory& directory, std::string folder,
                             std::int64_t segment_bytes)
    : directory_(directory), folder_(std::move(folder)), segment_bytes_(segment_bytes) {}

caf::expected<void> segmented_log::load() {
  auto listed = directory_.files(folder_);
  if (!listed) return listed.error();
  for (auto i = listed->begin(); i != listed->end(); ++i) {
    auto first = segment_offset(i->name);
    if (!first) continue;
    auto path = path_of(*first);
    if (i->size == 0 && i + 1 == listed->end()) { // created and not yet sized when the process died
      if (auto removed = directory_.remove(path); !removed) return removed.error();
      continue;
    }
    if (i->size != segment_bytes_)
      return make_error(errc::store_corrupt,
                        directory_.description() + "/" + path + " has " + std::to_string(i->size)
                          + " bytes, mappedFileSizeCommitLog says " + std::to_string(segment_bytes_)
                          + ": open the store with the size it was written with");
    if (!segments_.empty() && *first != segments_.back().first + segment_bytes_)
      return make_error(errc::store_corrupt, directory_.description() + "/" + path
                                               + " does not follow the file before it; "
                                               + path_of(segments_.back().first + segment_bytes_)
                                               + " is missing");
    auto file = directory_.open(path);
    if (!file) return file.error();
    if (auto appended = append_segment(*first, std::move(*file)); !appended) return appended;
  }
  publish();
  return caf::unit;
}

log_position segmented_log::begin() const {
  return {segments_.empty() ? 0 : segments_.front().first};
}

log_position segmented_log::capacity() const {
  return {segments_.empty() ? 0 : segments_.back().first + segment_bytes_};
}

caf::expected<void> segmented_log::add_segment(log_position start) {
  auto first = segments_.empty() ? start.value : capacity().value;
  auto file = directory_.create(path_of(first), segment_bytes_);
  if (!file) return file.error();
  if (auto appended = append_segment(first, std::move(*file)); !appended) return appended;
  publish();
  return caf::unit;
}

caf::expected<void> segmented_log::append_segment(std::int64_t first, store_file_ptr file) {
  if (auto mapped = file->map(); !mapped) return mapped;
  auto flusher_file = directory_.open(path_of(first));
  if (!flusher_file) return flusher_file.error();
  segments_.push_back({first, std::move(file), std::move(*flusher_file)});
  return caf::unit;
}

caf::expected<void> segmented_log::write(log_position at, std::span<const std::uint8_t> bytes) {
  assert(at >= begin() && at + static_cast<std::int64_t>(bytes.size()) <= capacity());
  auto& target = segments_[static_cast<std::size_t>((at - begin()) / segment_bytes_)];
  return target.file->write(at.value - target.first, bytes);
}

std::vector<store_file_ptr>
segmented_log::handles_between(log_position from, log_position to,
                               store_file_ptr log_segment::*handle) const {
  std::vector<store_file_ptr> result;
  if (from >= to) return result;
  for (const auto& segment : segments_)
    if (segment.first < to.value && segment.first + segment_bytes_ > from.value
        && segment.*handle != nullptr)
      result.push_back(segment.*handle);
  return result;
}

std::vector<store_file_ptr> segmented_log::files_between(log_position from, log_position to) const {
  return handles_between(from, to, &log_segment::file);
}

std::vector<store_file_ptr> segmented_log::flusher_files_between(log_position from,
                                                                 log_position to) const {
  return handles_between(from, to, &log_segment::flusher_file);
}

void segmented_log::release_flusher_files(log_position synced) {
  bool any = false;
  for (std::size_t i = 0; i + 1 < segments_.size(); ++i)
    if (segments_[i].flusher_file && segments_[i].first + segment_bytes_ <= synced.value) {
      segments_[i].flusher_file = nullptr;
      any = true;
    }
  if (any) publish(); // what readers share holds them, too
}

caf::expected<void> segmented_log::truncate(log_position end) {
  while (!segments_.empty() && segments_.back().first >= end.value) {
    if (segments_.back().first == end.value && segments_.size() == 1) break;
    if (auto removed = directory_.remove(path_of(segments_.back().first)); !removed)
      return removed.error();
    segments_.pop_back();
  }
  publish();
  if (segments_.empty() || end >= capacity()) return caf::unit;
  return segments_.back().file->zero_from(end.value - segments_.back().first);
}

caf::expected<void> segmented_log::remove_oldest(std::size_t count) {
  assert(count < segments_.size());
  for (; count > 0; --count) {
    if (auto removed = directory_.remove(path_of(segments_.front().first)); !removed)
      return removed;
    segments_.erase(segments_.begin());
    publish(); // readers that still hold the file keep it until they are done
  }
  return caf::unit;
}

segmented_log::reading segmented_log::read(log_position at) const {
  std::shared_ptr<const segment_list> segments;
  {
    std::lock_guard lock{mutex_};
    segments = published_;
  }
  if (segments->empty() || at.value < segments->front().first) return {};
  auto index = static_cast<std::size_t>((at.value - segments->front().first) / segment_bytes_);
  if (index >= segments->size()) return {};
  const auto& segment = (*segments)[index];
  return {segment.file->view().subspan(static_cast<std::size_t>(at.value - segment.first)),
          segment.file};
}

log_position segmented_log::read_begin() const {
  std::lock_guard lock{mutex_};
  return {published_->empty() ? 0 : published_->front().first};
}

void segmented_log::publish() {
  auto copy = std::make_shared<const segment_list>(segments_);
  std::lock_guard lock{mutex_};
  published_ = std::move(copy);
}

} // namespace cafmq
