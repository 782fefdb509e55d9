#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "messages/codec/metadata_json.hpp"
#include "messages/ids.hpp"
#include "messages/message.hpp"

namespace cafmq::inspection {

/// A file mapped into memory, read-only: opening and reading it changes nothing on the disk.
class mapped_file {
public:
  /// Error: io_error.
  static caf::expected<mapped_file> open(const std::string& path);
  mapped_file(mapped_file&& other) noexcept;
  mapped_file& operator=(mapped_file&& other) noexcept;
  ~mapped_file();

  std::span<const std::uint8_t> bytes() const { return {bytes_, size_}; }
  const std::string& path() const { return path_; }

private:
  mapped_file() = default;

  std::string path_;
  const std::uint8_t* bytes_ = nullptr;
  std::size_t size_ = 0;
};

/// Files of equal size, each named after the offset of its first byte in 20 digits: the commit log,
/// or the units of one queue.
class file_run {
public:
  struct part {
    std::int64_t first = 0;
    mapped_file file;
  };

  const std::vector<part>& parts() const { return parts_; }
  bool empty() const { return parts_.empty(); }
  std::int64_t file_bytes() const { return file_bytes_; }
  /// The first byte that there is, and the one behind the last.
  std::int64_t begin() const { return empty() ? 0 : parts_.front().first; }
  std::int64_t end() const { return empty() ? 0 : parts_.back().first + file_bytes_; }
  /// The bytes from `position` to the end of its file; empty where there is no file.
  std::span<const std::uint8_t> from(std::int64_t position) const;
  /// The file that holds `position`; null where there is none.
  const part* part_at(std::int64_t position) const;
  /// Only zeros from `position` on: files are made ahead, and at full size.
  bool is_unwritten(std::int64_t position) const;
  /// `file <path> at <offset in it>`, for people.
  std::string place(std::int64_t position) const;

private:
  friend class stopped_store;

  std::vector<part> parts_; // consecutive, sorted
  std::int64_t file_bytes_ = 0;
};

/// The files of a store that no broker runs on, as they lie there. Nothing is ever written, created
/// or taken away, the abort file included; sizes of files are taken from the files.
class stopped_store {
public:
  /// What the names and sizes of files say against the store.
  using on_fault = std::function<void(std::string)>;

  /// Errors: store_locked when a running broker holds the directory, store_corrupt when there is no
  /// commitlog/ in it, io_error.
  static caf::expected<stopped_store> open(const std::string& directory, const on_fault& fault);

  const std::string& directory() const { return directory_; }
  const file_run& log() const { return log_; }
  const std::map<local_queue, file_run>& queues() const { return queues_; }
  /// Index files, oldest first.
  const std::vector<mapped_file>& indexes() const { return indexes_; }
  /// No abort file: the last broker on it stopped in order.
  bool ended_in_order() const { return ended_in_order_; }
  /// The topics whose messages in the log count no more; none when the file of them cannot be read.
  const topic_deletions& deletions() const { return deletions_; }
  /// The content of a file below the directory; empty when there is none.
  std::string content(const std::string& name) const;

private:
  static file_run open_run(const std::string& directory, const on_fault& fault);
  void open_queues(const on_fault& fault);
  void open_indexes(const on_fault& fault);

  std::string directory_;
  file_run log_;
  std::map<local_queue, file_run> queues_;
  std::vector<mapped_file> indexes_;
  topic_deletions deletions_;
  bool ended_in_order_ = true;
};

/// One entry of a consume queue, 20 bytes: log position 8, record size 4, tags code 8
/// (RocketMQ: ConsumeQueue.java).
struct queue_unit {
  static constexpr std::int64_t bytes = 20;
  /// The size in units that only fill a first file before the queue's first offset.
  static constexpr std::int32_t filler_size = 0x7FFFFFFF;

  log_position position;
  std::int32_t size = 0;
  std::int64_t tags_code = 0;

  bool written() const { return position.value >= 0 && size > 0; }
  bool filler() const { return position.value == 0 && size == filler_size; }
};

/// The unit of `offset`; one that is not `written()` where there is none.
queue_unit unit_at(const file_run& queue, queue_offset offset);

/// The offsets whose units are written: from the first file's first unit that is no filler up to
/// the first that is not written.
struct unit_range {
  queue_offset first;
  queue_offset end;
};
unit_range written_units(const file_run& queue);

} // namespace cafmq::inspection
