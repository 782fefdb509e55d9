#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "actors/store/store_directory.hpp"
#include "messages/ids.hpp"

namespace cafmq {

/// Where a message of a queue lies, and what its tag is. On disk 20 bytes, big-endian: log position
/// 8, record size 4, tags code 8 (RocketMQ: ConsumeQueue.java). A unit is valid when the position
/// is not negative and the size positive.
struct queue_unit {
  log_position position;
  std::int32_t size = 0;
  std::int64_t tags_code = 0;

  bool operator==(const queue_unit&) const = default;
};

inline constexpr std::int64_t queue_unit_bytes = 20;
/// Stands in the units before the first of a queue that does not begin at a file's start.
inline constexpr std::int32_t pre_blank_size = 0x7FFFFFFF;

/// The units of one queue: unit n is the message with queue offset n. One thread appends, any
/// thread reads. New units gather in memory and are written to the files in runs; a crash loses
/// those, and recovery makes them again from the log. The newest stay in memory behind a write, for
/// those who consume what has just come.
class consume_queue {
public:
  consume_queue(store_directory& directory, std::string folder, std::int64_t file_bytes);

  /// Finds the files and the end of the written units. Errors: io_error, store_corrupt.
  caf::expected<void> load();

  queue_offset min() const;
  queue_offset max() const;
  /// Where the record of the newest unit ends in the log; 0 when there is none.
  log_position end_position() const;
  /// The last unit; nullopt when there is none.
  std::optional<queue_unit> last() const;
  /// Units from `from` on, at most `count`, fewer at the end. Error: io_error.
  caf::expected<std::vector<queue_unit>> read(queue_offset from, std::size_t count) const;

  // -- for the writer ----------------------------------------------------------------------------
  /// Adds units, at least one, from `offset` on. Pre: it is `max()`, or the queue is empty: then it
  /// begins there.
  void append(queue_offset offset, std::span<const queue_unit> units);
  void append(queue_offset offset, const queue_unit& unit) { append(offset, std::span{&unit, 1}); }
  std::size_t unwritten() const { return static_cast<std::size_t>(end() - written_); }
  /// Writes what gathered in memory to the files. Error: io_error; what was not written stays in
  /// memory.
  caf::expected<void> write_out();
  /// Paths of the files written since the last call: to be synced.
  std::vector<std::string> take_written_files();
  /// Drops the units of records at or behind `end`.
  caf::expected<void> truncate(log_position end);
  /// The log begins at `begin` now: earlier units count no more, and files of only such units go.
  caf::expected<void> expire(log_position begin);
  /// Forgets every unit, and begins again at `offset`, also on disk: `min` and `max` are there.
  /// Error: io_error.
  caf::expected<void> begin_at(queue_offset offset);
  /// Forgets every unit, in memory and on disk.
  caf::expected<void> clear();
  /// Whether `load` found a file missing between others: the units before it cannot be read.
  bool misses_files() const { return misses_files_; }
  /// Holds no file and no written units until there are new ones.
  void rest();

private:
  std::int64_t units_per_file() const { return file_bytes_ / queue_unit_bytes; }
  std::int64_t end() const { return tail_begin_ + static_cast<std::int64_t>(tail_.size()); }
  void forget_below(std::int64_t unit);
  std::string path_of_file(std::int64_t file) const;
  caf::expected<store_file_ptr> file_of(std::int64_t unit, bool create);
  caf::expected<void> find_bounds(const std::vector<std::int64_t>& starts);
  template <class IsWanted>
  caf::expected<std::int64_t> first_unit(const store_file& file, IsWanted is_wanted) const;
  static caf::expected<queue_unit> unit_in(const store_file& file, std::int64_t index);
  caf::expected<std::int64_t> first_at_or_behind(log_position position, std::int64_t from,
                                                 std::int64_t to) const;
  caf::expected<void> fill_blanks(std::int64_t count);
  caf::expected<std::vector<queue_unit>> read_files(std::int64_t from, std::int64_t to) const;

  store_directory& directory_;
  std::string folder_;
  std::int64_t file_bytes_;

  mutable std::mutex mutex_; // guards what follows
  bool misses_files_ = false;
  std::int64_t first_ = 0;       // first unit of the first file
  std::int64_t min_ = 0;         // first unit that counts
  std::int64_t written_ = 0;     // units below are in the files
  std::int64_t tail_begin_ = 0;  // <= written_
  std::vector<queue_unit> tail_; // units from there on
  log_position end_position_;    // behind the record of the last unit
  log_position min_position_;    // the writer's: of the record of the first unit that counts

  store_file_ptr open_file_; // the writer's: of the last file
  std::int64_t open_file_first_ = -1;
  std::vector<std::string> written_files_;
};

} // namespace cafmq
