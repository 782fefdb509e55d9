#include "config/field_builder.hpp"

namespace cafmq::detail {

namespace {

using config = store_config;

void add_files(field_builder<config>& f) {
  f.text("storePathRootDir", &config::store_path_root_dir,
         "The store's directory; empty keeps everything in memory and loses it at the end.");
  f.number("mappedFileSizeCommitLog", &config::mapped_file_size_commit_log, "bytes", 4'096, tib,
           "Size of a commit log file. A store is reopened with the sizes it was written with.");
  f.number("mappedFileSizeConsumeQueue", &config::mapped_file_size_consume_queue, "bytes", 20,
           int32_max, "Size of a consume queue file, a multiple of 20.");
  f.number("maxHashSlotNum", &config::max_hash_slot_num, "", 1, 500'000'000,
           "Hash slots of an index file.");
  f.number("maxIndexNum", &config::max_index_num, "", 2, 500'000'000, "Entries of an index file.");
  f.flag("messageIndexEnable", &config::message_index_enable,
         "Messages are indexed by their keys; off, they cannot be found by key.");
}

void add_flushing(field_builder<config>& f) {
  f.choice("flushDiskType", &config::flush_disk, {"SYNC_FLUSH", "ASYNC_FLUSH"},
           "SYNC_FLUSH answers a send when the disk has it, ASYNC_FLUSH when the operating system "
           "has it: faster, but a power cut loses the last moments.");
  f.number("flushIntervalCommitLog", &config::flush_interval_commit_log, "ms", 1, day_ms,
           "ASYNC_FLUSH: how often the log is synced.");
  f.number("flushCommitLogLeastPages", &config::flush_commit_log_least_pages, "pages", 0, 1'000'000,
           "ASYNC_FLUSH: with fewer dirty pages of 4 KiB a sync is put off.");
  f.number("flushCommitLogThoroughInterval", &config::flush_commit_log_thorough_interval, "ms", 1,
           day_ms, "ASYNC_FLUSH: after so long it is synced however little there is.");
  f.number("flushConsumeQueueThoroughInterval", &config::flush_consume_queue_thorough_interval,
           "ms", 1, day_ms, "After so long consume queues are synced however little there is.");
  f.number("syncFlushTimeout", &config::sync_flush_timeout, "ms", 1, day_ms,
           "SYNC_FLUSH: a send whose sync takes longer is answered FLUSH_DISK_TIMEOUT.");
}

void add_limits(field_builder<config>& f) {
  f.number("maxMessageSize", &config::max_message_size, "bytes", 1, 1'073'741'824,
           "Largest body; a whole record may be 64 KiB larger.");
  f.number("sendBytesInFlightMax", &config::send_bytes_in_flight_max, "bytes", 1, tib,
           "Most bytes of sends that may wait for the log; beyond it system busy.");
  f.number("maxFilterMessageSize", &config::max_filter_message_size, "bytes", 20, int32_max,
           "Most consume queue bytes, 20 a message, that one pull looks at.");
  f.number("maxMsgsNumBatch", &config::max_msgs_num_batch, "", 1, 100'000,
           "Most messages that a query by key returns.");
}

void add_retention(field_builder<config>& f) {
  f.number("fileReservedTime", &config::file_reserved_time, "h", 0, 876'000,
           "Log files not written to for longer are deleted.");
  f.text("deleteWhen", &config::delete_when,
         "The hours of the day at which expired files go, 00 to 23, several joined by ';'.");
  f.number("cleanResourceInterval", &config::clean_resource_interval, "ms", 1, day_ms,
           "How often expired files and the disk's use are looked at.");
  f.number("deleteFileBatchMax", &config::delete_file_batch_max, "", 1, 10'000,
           "Most files deleted at one look.");
  f.number("diskMaxUsedSpaceRatio", &config::disk_max_used_space_ratio, "percent", 1, 100,
           "Disk use above which expired files go at any hour.");
  f.number("diskSpaceCleanForciblyRatio", &config::disk_space_clean_forcibly_ratio, "percent", 1,
           100, "Disk use above which the oldest files go, expired or not.");
  f.number("diskSpaceWarningLevelRatio", &config::disk_space_warning_level_ratio, "percent", 1, 100,
           "Disk use above which sends are refused until it drops.");
  f.flag("cleanFileForciblyEnable", &config::clean_file_forcibly_enable,
         "Files may go before they are expired when the disk is nearly full.");
  f.flag("checkCRCOnRecover", &config::check_crc_on_recover,
         "Recovery verifies the body checksum of each record that it reads.");
}

} // namespace

void add_store_fields(std::vector<config_field>& table) {
  field_builder<config> f{table, "store", [](settings& s) -> config& { return s.broker.store; }};
  add_files(f);
  add_flushing(f);
  add_limits(f);
  add_retention(f);
}

} // namespace cafmq::detail
