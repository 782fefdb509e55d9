#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "messages/errors.hpp"
#include "messages/ids.hpp"

namespace cafmq {

// The port to everything a store keeps: files, memory, or a disk that fails on command. Whoever
// cuts a byte space into equal files (commit log, consume queues) does so above it, from the names.

/// A file whose size is fixed when it is made. One thread writes, any thread reads what it was told
/// has been written. It stays readable for its holders after it was removed.
class store_file {
public:
  virtual ~store_file() = default;

  virtual std::int64_t size() const = 0;

  /// Writes all of `bytes`, or fails; after a failure any part of the range may be changed. Errors:
  /// io_error, with the reason of the operating system (a full disk is such an error).
  virtual caf::expected<void> write(std::int64_t at, std::span<const std::uint8_t> bytes) = 0;
  /// Fills `out`. Pre: the range lies inside. Error: io_error.
  virtual caf::expected<void> read(std::int64_t at, std::span<std::uint8_t> out) const = 0;
  /// All bytes, in place, for as long as the file is held. Error: io_error.
  virtual caf::expected<std::span<const std::uint8_t>> map() const = 0;

  /// All bytes for writing in place. Only ranges that were reserved may be written to. Error:
  /// io_error.
  virtual caf::expected<std::span<std::uint8_t>> map_writable() = 0;
  /// Takes disk space for the range, so that writing in place cannot fail for lack of it. Error:
  /// io_error.
  virtual caf::expected<void> reserve(std::int64_t at, std::int64_t bytes) = 0;

  /// Turns everything from `at` on into zeros and gives its space back. Error: io_error.
  virtual caf::expected<void> clear_from(std::int64_t at) = 0;
  /// When it returns, all that was written before the call survives a power cut, the file's name
  /// included. May be called by another thread than the writer. Error: io_error; what was written
  /// since the last success may then be lost even if a later call succeeds.
  virtual caf::expected<void> sync() = 0;

  /// Whether reading the range would not have to wait for a disk. A hint.
  virtual bool is_resident(std::int64_t at, std::int64_t bytes) const = 0;
};

using store_file_ptr = std::shared_ptr<store_file>;

struct directory_entry {
  std::string name; ///< without its directory
  std::int64_t bytes = 0;
  bool is_directory = false;
};

/// Everything of one store, by names relative to its root, with `/` between parts. Calls may come
/// from several threads; names in `consumequeue/` may hold any byte but `/` and 0.
class store_directory {
public:
  virtual ~store_directory() = default;

  /// The entries of a directory, sorted by name; none when it does not exist. Error: io_error.
  virtual caf::expected<std::vector<directory_entry>> list(const std::string& directory) const = 0;

  /// Makes a file of `bytes` zeros, with the directories that lead to it; replaces one of that
  /// name. Its name is durable with its first `sync`. Error: io_error.
  virtual caf::expected<store_file_ptr> create(const std::string& name, std::int64_t bytes) = 0;
  /// Error: io_error, also when there is none.
  virtual caf::expected<store_file_ptr> open(const std::string& name) = 0;
  /// When the file was last written to. Error: io_error, also when there is none.
  virtual caf::expected<wall_time_ms> last_modified(const std::string& name) const = 0;
  /// Removes a file, or a directory with all that is in it; nothing there is no error. Error:
  /// io_error.
  virtual caf::expected<void> remove(const std::string& name) = 0;
  /// Syncs these files as `store_file::sync` does, however many they are. Error: io_error.
  virtual caf::expected<void> sync(std::span<const std::string> names) = 0;

  /// A small file as a whole; nothing where there is none. Error: io_error.
  virtual caf::expected<std::optional<std::string>> read_small(const std::string& name) const = 0;
  /// When it returns the new content is on disk; a crash leaves the old or the new one. Error:
  /// io_error.
  virtual caf::expected<void> replace_small(const std::string& name, std::string_view content) = 0;

  /// Holds the store for this process, until the directory is destroyed or `unlock`ed. Errors:
  /// store_locked when somebody else holds it, io_error.
  virtual caf::expected<void> lock() = 0;
  virtual void unlock() = 0;

  /// How full the disk is, in whole percent rounded up: used / (used + available). Error: io_error.
  virtual caf::expected<int> usage_percent() const = 0;

  /// Where the store is, for messages to people.
  virtual std::string description() const = 0;
};

using store_directory_ptr = std::shared_ptr<store_directory>;

} // namespace cafmq
