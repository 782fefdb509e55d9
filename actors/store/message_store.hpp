#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "actors/store/retention_policy.hpp"
#include "actors/store/store_checkpoint.hpp"
#include "actors/store/store_contents.hpp"
#include "actors/store/store_recovery.hpp"
#include "actors/store/store_view.hpp"
#include "messages/producing.hpp"

namespace cafmq {

/// The address that stands in records and message ids.
struct store_host {
  std::uint32_t address = 0; ///< IPv4, host order
  std::int32_t port = 0;
};

/// Files of what is derived from the log.
struct derived_files {
  std::vector<store_file_ptr> index;
  std::vector<std::string> queues; ///< paths: thousands of queues must not hold descriptors

  bool empty() const { return index.empty() && queues.empty(); }
  /// Each file stands in it once, however often it is added.
  void add(const derived_files& more);
};

/// What a flush writes to the disk; may be done by another thread while appends go on.
struct flush_job {
  std::vector<store_file_ptr> log_files;
  derived_files derived;
  store_directory* directory = nullptr; ///< must outlive the job
  log_position log_end;                 ///< the log is synced up to here when it is done
  bool thorough = false;                ///< queues and index are complete on the disk then, too
  store_checkpoint checkpoint;          ///< true when it is done
};

/// Brings the files of a flush to the disk; any thread may do it. Error: io_error.
caf::expected<void> sync(const flush_job& job);

/// The writer of a store: log, consume queues, key index, checkpoint. Single-threaded; readers use
/// `view()`.
///
/// Sends are stored in bursts: any number of `append`, then `commit` writes all of them with one
/// call, then, if anybody asked for it, `sync`, and `publish` makes them visible. Until `publish`
/// the whole burst can be undone, and is, when a write or sync fails: then nothing of it is in the
/// log.
class message_store {
public:
  struct advanced_queue {
    local_queue queue;
    queue_offset max;
  };

  /// Locks, loads and recovers. `directory` must outlive the store. Errors: store_locked,
  /// store_corrupt, io_error.
  static caf::expected<std::unique_ptr<message_store>>
  open(store_directory& directory, const store_config& config, store_host host,
       const std::string& abort_text, wall_time_ms now);

  std::shared_ptr<const store_view> view() const { return view_; }
  const recovered_store& recovered() const { return recovered_; }

  /// Checks a batch and gives its messages their places. The receipt holds after `commit`. Errors:
  /// message_illegal; service_not_available, when a segment cannot be made.
  caf::expected<send_receipt> append(const send_batch& batch, wall_time_ms now);
  bool has_burst() const { return end_ != committed_end_ || !staged_.empty(); }
  /// Writes the burst. Error: service_not_available with the reason; the burst is undone and the
  /// store refuses sends until `probe`.
  caf::expected<void> commit();
  /// Makes the committed burst durable. Errors: as `commit`.
  caf::expected<void> sync();
  /// Enters the burst into queues and index, shows it to readers, and says which queues grew. An
  /// I/O error of queues or index makes the store refuse sends; the messages themselves are safe in
  /// the log.
  std::vector<advanced_queue> publish(wall_time_ms now);

  /// Why sends are refused now, a sentence; nullopt when they are not.
  std::optional<std::string> refusal() const;
  /// Whether a write or sync has failed, so that nothing may be flushed before a probe.
  bool is_broken() const { return !broken_.empty(); }
  bool needs_probe() const { return is_broken() || !no_room_.empty(); }
  /// After an error: tries to write and sync again. Returns whether sends are accepted. Pre: no
  /// burst is open, no flush under way.
  bool probe();

  /// Bytes of the log that are not known to be on the disk.
  std::int64_t unsynced_bytes() const { return committed_end_ - synced_end_; }
  /// Bytes of the log since the last thorough flush.
  std::int64_t bytes_since_checkpoint() const { return committed_end_ - checkpoint_end_; }
  /// Writes out what gathered in memory and lists what is to be synced. `thorough`: queues and
  /// index, too; the job is not thorough when something of these cannot be written. Pre: the store
  /// is not broken: a sync that succeeds says nothing of pages that an earlier one dropped.
  flush_job start_flush(bool thorough);
  /// `job` was synced, or failed with `problem`. A thorough one moves the checkpoint.
  void finish_flush(const flush_job& job, const caf::error& problem);

  /// Whether segments that are due wait for a thorough flush.
  bool retention_waits() const { return retention_waits_; }
  /// Applies retention; `hour` is the local hour.
  caf::expected<void> clean(wall_time_ms now, int hour);
  /// Deletes a topic's messages, for later starts, too, though the log keeps them until retention
  /// takes their segments. Pre: no burst is open. Error: io_error; a restart completes what was
  /// begun.
  caf::expected<void> remove_topic(const topic_name& topic);
  /// Writes and syncs everything, and marks the end as clean. Pre: as `probe`. Error: io_error; the
  /// next start then checks the store as after a crash.
  caf::expected<void> close();

  log_position begin() const { return contents_->log.begin(); }
  log_position end() const { return committed_end_; }
  log_position synced_end() const { return synced_end_; }

private:
  /// The messages of one `append`.
  struct staged_batch {
    std::shared_ptr<stored_queue> queue;
    queue_offset first;
    std::size_t first_unit = 0; ///< in staged_units_
    std::size_t count = 0;
  };

  message_store(store_directory& directory, const store_config& config, store_host host);

  caf::expected<void> start(const std::string& abort_text, wall_time_ms now);
  caf::expected<void> make_room(std::int64_t bytes);
  caf::expected<void> write_staged();
  void stage(const record_view& record, std::int32_t key_seed);
  caf::error fail_writing(const caf::error& why);
  void undo_burst();
  void forget_staged();
  bool write_log_again();
  bool write_derived_again();
  bool write_out_all();
  bool has_room();
  bool write_out_derived(bool thorough);
  derived_files take_derived_files();

  std::shared_ptr<store_contents> contents_;
  std::shared_ptr<const store_view> view_;
  store_host host_;
  recovered_store recovered_;

  // The log: synced_end_ <= burst_start_ <= written_end_ <= end_; all equal committed_end_ between
  // bursts, except synced_end_.
  log_position end_;           ///< behind the last appended record
  log_position written_end_;   ///< behind what the log's files hold of the burst
  log_position committed_end_; ///< where the burst began
  log_position synced_end_;
  log_position checkpoint_end_;
  std::vector<std::uint8_t> buffer_; ///< records from written_end_ to end_
  std::vector<staged_batch> staged_;
  std::vector<queue_unit> staged_units_;
  std::vector<index_key> staged_keys_;

  wall_time_ms newest_time_ = 0;
  store_checkpoint checkpoint_;
  store_file_ptr checkpoint_file_;
  std::string broken_;  ///< why writing failed; empty: it works
  std::string no_room_; ///< why nothing more is taken, though what is here is safe again
  bool disk_full_ = false;
  bool retention_waits_ = false;
  bool zeroing_due_ = false;    ///< refused bytes still stand behind the end
  derived_files lost_;          ///< their sync failed: to be written again; none when nothing broke
  derived_files written_again_; ///< for the next thorough flush to sync
};

} // namespace cafmq
