#pragma once

#include <caf/expected.hpp>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "actors/store/store_directory.hpp"
#include "messages/ids.hpp"

namespace cafmq {

/// The bytes of the commit log in files of equal size, named after their first position. One thread
/// writes; any thread reads. Knows nothing of records except that one never crosses files.
class segmented_log {
public:
  /// `folder`: below the store's root.
  segmented_log(store_directory& directory, std::string folder, std::int64_t segment_bytes);

  /// Opens the files that are there. Errors: io_error; store_corrupt for a file of another size or
  /// a missing one.
  caf::expected<void> load();

  std::int64_t segment_bytes() const { return segment_bytes_; }
  bool empty() const { return segments_.empty(); }
  log_position begin() const;    ///< the first byte that is kept
  log_position capacity() const; ///< behind the last file
  std::size_t segment_count() const { return segments_.size(); }
  std::int64_t first_of(std::size_t index) const { return segments_[index].first; }
  wall_time_ms modified_at(std::size_t index) const { return segments_[index].file->modified_at(); }

  /// Adds the file behind the last, or the first at `start`.
  caf::expected<void> add_segment(log_position start = {});
  /// Pre: the bytes lie within one file that exists.
  caf::expected<void> write(log_position at, std::span<const std::uint8_t> bytes);
  /// Files that hold any of `from`..`to`; none when that is empty.
  std::vector<store_file_ptr> files_between(log_position from, log_position to) const;
  /// The same files as the flusher opened them. The system tells of bytes that it could not write
  /// once to each who has the file open, in a sync: two threads that sync need a handle each, or
  /// one takes the other's error away.
  std::vector<store_file_ptr> flusher_files_between(log_position from, log_position to) const;
  /// The flusher needs those files no more that end at or before `synced`; the newest it keeps.
  void release_flusher_files(log_position synced);
  /// Removes everything from `end` on: whole files, and the rest of the one that holds it becomes
  /// zero.
  caf::expected<void> truncate(log_position end);
  /// Removes the `count` oldest files. Pre: at least one is left.
  caf::expected<void> remove_oldest(std::size_t count);

  /// For any thread: the bytes from `at` to the end of their file, and the object that keeps them
  /// valid; empty when the file is gone.
  struct reading {
    std::span<const std::uint8_t> bytes;
    store_file_ptr file;
  };
  reading read(log_position at) const;
  /// For any thread: the first byte that is kept.
  log_position read_begin() const;

private:
  struct log_segment {
    std::int64_t first = 0;
    store_file_ptr file;
    store_file_ptr flusher_file; ///< null: released
  };
  using segment_list = std::vector<log_segment>;

  std::string path_of(std::int64_t first) const { return folder_ + "/" + segment_name(first); }
  caf::expected<void> append_segment(std::int64_t first, store_file_ptr file);
  std::vector<store_file_ptr> handles_between(log_position from, log_position to,
                                              store_file_ptr log_segment::*handle) const;
  void publish();

  store_directory& directory_;
  std::string folder_;
  std::int64_t segment_bytes_;
  segment_list segments_; // the writer's
  mutable std::mutex mutex_;
  std::shared_ptr<const segment_list> published_ = std::make_shared<segment_list>();
};

} // namespace cafmq
