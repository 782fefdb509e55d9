#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "actors/store/store_directory.hpp"
#include "messages/ids.hpp"

namespace cafmq {

struct key_index_config {
  std::int32_t slots = 5'000'000;
  std::int32_t entries = 20'000'000; ///< a file holds one less: number 0 is never used
};

/// What a search looks for: entries with this hash within begin..end, the newest `count_max`.
struct index_query {
  std::int32_t hash = 0;
  wall_time_ms begin = 0;
  wall_time_ms end = 0;
  std::size_t count_max = 0;
};

/// The entries of one slot of an index file, newest first, as they stood when it was taken.
///
/// It is followed without the lock of the index, however long it is: entries in the file never
/// change, those that were not written yet are copied, and the file stays readable when it is
/// removed.
struct index_chain {
  struct entry {
    std::int32_t hash = 0;
    std::int64_t position = 0;
    std::int32_t seconds = 0;
    std::int32_t older = 0;
  };

  store_file_ptr file;
  key_index_config config;
  wall_time_ms begin_time = 0;
  std::int32_t slot = 0;
  std::int32_t written = 1;           ///< entries below are in the file
  std::vector<entry> unwritten;       ///< the others, newest first
  std::optional<std::int32_t> newest; ///< of those in the file; nullopt: the slot there tells

  /// Adds the positions that are asked for, newest first, until `found` holds `count_max`.
  caf::expected<void> find(const index_query& query, std::vector<log_position>& found) const;
};

/// One file of the key index (RocketMQ: IndexFile.java, IndexHeader.java). Big-endian:
///
///   header, 40 bytes: begin time 8, end time 8, begin position 8, end position 8, used slots 4,
///   count 4 slots, 4 bytes each: number of the newest entry of the slot, 0 for none entries, 20
///   bytes each: key hash 4, log position 8, seconds after the begin time 4, next older entry of
///   the slot 4
///
/// New entries gather in memory and are written in runs; the slots of the file that is written to
/// are kept in memory, and go to the file, before the header, with `write_out` only.
class index_file {
public:
  index_file(store_file_ptr file, const key_index_config& config);

  caf::expected<void> load_header();
  /// Reads the slots, before the first put into a file that was loaded.
  caf::expected<void> load_slots();

  /// How many entries still fit.
  std::size_t room() const { return static_cast<std::size_t>(config_.entries - count_); }
  wall_time_ms begin_time() const { return begin_time_; }
  wall_time_ms end_time() const { return end_time_; }
  std::int64_t end_position() const { return end_position_; }
  std::int64_t begin_position() const { return begin_position_; }

  void put(std::int32_t hash, log_position position, wall_time_ms store_time);
  /// Brings the slot of a hash near, for a `put` that follows soon.
  void expect(std::int32_t hash) const;
  /// Writes new entries when there are many; the header does not count them yet.
  caf::expected<void> write_many_entries();
  caf::expected<void> write_out();
  /// Drops entries at or behind `end` and makes the slots anew from the entries that are left.
  caf::expected<void> truncate(log_position end);
  /// The chain that entries with this hash are in. Reads at most the slot.
  caf::expected<index_chain> chain(std::int32_t hash) const;
  const store_file_ptr& file() const { return file_; }
  /// Gives the slots' memory back, once the file is full and written.
  void forget_slots() { slots_.reset(); }

private:
  struct release {
    void operator()(std::int32_t* memory) const { std::free(memory); }
  };

  caf::expected<void> write_entries();
  void make_slots();
  void set_slot(std::int32_t slot, std::int32_t number);

  store_file_ptr file_;
  key_index_config config_;
  wall_time_ms begin_time_ = 0, end_time_ = 0;
  std::int64_t begin_position_ = 0, end_position_ = 0;
  std::int32_t used_slots_ = 0;
  std::int32_t count_ = 1;                         ///< number of the next entry
  std::int32_t written_ = 1;                       ///< entries below are in the file
  std::unique_ptr<std::int32_t[], release> slots_; // zero pages cost nothing until they are used
  std::vector<bool> dirty_pages_;                  // of slots, 1024 each
  std::vector<index_chain::entry> tail_;
};

/// A key of a stored message. `hash`: index_hash of the Java hash of `topic#key`.
struct index_key {
  std::int32_t hash = 0;
  log_position position;
  wall_time_ms store_time = 0;
};

/// Finds records by message key and unique key. One thread puts, any thread queries.
class key_index {
public:
  key_index(store_directory& directory, std::string folder, key_index_config config);

  caf::expected<void> load();
  bool empty() const { return files_.empty(); }
  /// The newest record that is indexed ends or begins here; 0 when there is none.
  log_position end_position() const;
  wall_time_ms end_time() const;

  /// Enters keys in this order. Error: io_error. What could not be entered, because a new file
  /// cannot be made, then waits in memory, with all that follows, for `write_out`.
  caf::expected<void> put(std::span<const index_key> keys, wall_time_ms now);
  caf::expected<void> write_out();
  std::vector<store_file_ptr> take_written_files();
  caf::expected<void> truncate(log_position end);
  /// Files of records before `begin` only go, except the newest.
  caf::expected<void> expire(log_position begin);

  /// For any thread: positions, ascending, without repeats. Records with another key of the same
  /// hash are among them. A long search does not keep `put` waiting.
  caf::expected<std::vector<log_position>> find(std::int32_t hash, wall_time_ms begin,
                                                wall_time_ms end, std::size_t count_max) const;

private:
  struct named_file {
    std::string name;
    std::unique_ptr<index_file> index;
  };

  std::int64_t file_bytes() const { return 40 + 4ll * config_.slots + 20ll * config_.entries; }

  caf::expected<std::vector<index_chain>> chains(const index_query& query) const;
  caf::expected<void> add_file();
  caf::expected<void> prepare_newest();
  caf::expected<void> enter(std::span<const index_key>& keys);
  caf::expected<void> enter_waiting();

  store_directory& directory_;
  std::string folder_;
  key_index_config config_;
  mutable std::mutex mutex_;
  std::vector<named_file> files_; // oldest first
  bool slots_loaded_ = false;     // of the newest
  std::vector<store_file_ptr> written_files_;
  std::vector<index_key> waiting_; // for a file to be made, in order
  wall_time_ms now_ = 0;           // of the last `put`: names new files
};

/// The name of an index file made at `now`: yyyyMMddHHmmssSSS, UTC.
std::string index_file_name(wall_time_ms now);

} // namespace cafmq
