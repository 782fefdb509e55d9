#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cafmq {

enum class flush_disk_type : std::uint8_t {
  sync_flush,  ///< a send is answered when the disk has it
  async_flush, ///< a send is answered when the operating system has it
};

/// A broker's store. JSON section `store`, keys as in RocketMQ's MessageStoreConfig.
struct store_config {
  /// Where it lives; empty keeps it in memory.
  std::string store_path_root_dir;
  flush_disk_type flush_disk = flush_disk_type::async_flush;
  /// File sizes in bytes. A store must be reopened with the sizes it was written with.
  std::int64_t mapped_file_size_commit_log = 1'073'741'824;
  std::int64_t mapped_file_size_consume_queue = 6'000'000; ///< a multiple of 20
  std::int32_t max_hash_slot_num = 5'000'000;
  std::int32_t max_index_num = 20'000'000;
  bool message_index_enable = true;
  /// ASYNC_FLUSH: how often dirty pages are written, how many there must be, and how often
  /// regardless.
  std::chrono::milliseconds flush_interval_commit_log{500};
  std::int32_t flush_commit_log_least_pages = 4;
  std::chrono::milliseconds flush_commit_log_thorough_interval{10'000};
  std::chrono::milliseconds flush_consume_queue_thorough_interval{60'000};
  /// SYNC_FLUSH: a send whose sync takes longer is answered FLUSH_DISK_TIMEOUT.
  std::chrono::milliseconds sync_flush_timeout{5'000};
  /// Largest body in bytes; a whole record may be 64 KiB larger.
  std::int32_t max_message_size = 4 * 1024 * 1024;
  /// Bytes of sends that may wait for the log at once; beyond it errc::system_busy.
  std::int64_t send_bytes_in_flight_max = 256 * 1024 * 1024;
  /// Retention: how long segments are kept, at which hours (`04`, several with `;`) they go, how
  /// often it is looked.
  std::chrono::hours file_reserved_time{72};
  std::string delete_when = "04";
  std::chrono::milliseconds clean_resource_interval{10'000};
  std::int32_t delete_file_batch_max = 10;
  /// Disk use in percent: above the first expired files go at any hour, above the second the oldest
  /// go unexpired, above the third sends are refused until it drops.
  std::int32_t disk_max_used_space_ratio = 75;
  std::int32_t disk_space_clean_forcibly_ratio = 85;
  std::int32_t disk_space_warning_level_ratio = 90;
  bool clean_file_forcibly_enable = true;
  bool check_crc_on_recover = true;
  /// Most units examined in one pull, in bytes of 20 each (RocketMQ: 16 000 = 800 units).
  std::int32_t max_filter_message_size = 16'000;
  /// Most messages a key query returns.
  std::int32_t max_msgs_num_batch = 64;
};

} // namespace cafmq
