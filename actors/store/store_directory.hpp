#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "messages/errors.hpp"
#include "messages/ids.hpp"

namespace cafmq {

/// A file of fixed size in a store: a segment of the log, of a consume queue, an index file. One
/// thread writes; any thread may read what was written before it learnt of it.
class store_file {
public:
  virtual ~store_file() = default;

  virtual std::int64_t size() const = 0;
  /// Error: io_error, with the system's reason (a full disk is one); some of the bytes may have
  /// been written then.
  virtual caf::expected<void> write(std::int64_t at, std::span<const std::uint8_t> bytes) = 0;
  virtual caf::expected<void> read(std::int64_t at, std::span<std::uint8_t> out) const = 0;
  /// Makes `view` possible; before the file is shared with other threads. Error: io_error.
  virtual caf::expected<void> map() = 0;
  /// The whole file for reading in place; stays valid as long as the file object. Pre: `map` has
  /// succeeded.
  virtual std::span<const std::uint8_t> view() const = 0;
  /// What was written is on the disk when it returns. After an error nobody knows which of it is.
  virtual caf::expected<void> sync() = 0;
  /// Makes all bytes from `at` on zero.
  virtual caf::expected<void> zero_from(std::int64_t at) = 0;
  /// When it was last written, ms since 1970.
  virtual wall_time_ms modified_at() const = 0;
};

using store_file_ptr = std::shared_ptr<store_file>;

/// When the name of a new file reaches the disk.
enum class naming : std::uint8_t {
  now,          ///< before `create` returns
  by_next_sync, ///< with `store_directory::sync`; until then a power cut may take the file away
};

/// A store's place: files by their path below its root, with `/` between folders. Folders come with
/// the first file in them.
class store_directory {
public:
  struct listed_file {
    std::string name;
    std::int64_t size = 0;
  };

  virtual ~store_directory() = default;

  /// How messages for people name this place.
  virtual std::string description() const = 0;
  /// A new file of `size` zero bytes. Error: io_error.
  virtual caf::expected<store_file_ptr> create(const std::string& path, std::int64_t size,
                                               naming name = naming::now) = 0;
  virtual caf::expected<store_file_ptr> open(const std::string& path) = 0;
  /// What was written to these files, and their names, are on the disk when it returns. Those that
  /// were removed meanwhile are passed over. Any thread may call it. Error: io_error.
  virtual caf::expected<void> sync(const std::vector<std::string>& paths) = 0;
  /// Removes a file, or a folder with everything in it; no error when it is absent.
  virtual caf::expected<void> remove(const std::string& path) = 0;
  /// The files of a folder, sorted by name; none when it is absent.
  virtual caf::expected<std::vector<listed_file>> files(const std::string& folder) const = 0;
  virtual caf::expected<std::vector<std::string>> folders(const std::string& folder) const = 0;
  /// A small file as a whole; nullopt when it is absent.
  virtual caf::expected<std::optional<std::string>> read_small(const std::string& path) const = 0;
  /// Writes a small file as a whole; on the disk when it returns. A crash leaves the former text or
  /// this one.
  virtual caf::expected<void> write_small(const std::string& path, const std::string& text) = 0;
  /// Holds the store against other processes until this object ends. Error: store_locked.
  virtual caf::expected<void> lock() = 0;
  /// Used share of the disk in percent, rounded up; 0 in memory.
  virtual int used_percent() const = 0;
};

/// The name of the file that begins at `offset`: 20 decimal digits.
std::string segment_name(std::int64_t offset);
/// The offset in such a name; nullopt for other names.
std::optional<std::int64_t> segment_offset(std::string_view name);

} // namespace cafmq
