#pragma once

#include <compare>
#include <map>
#include <string_view>

#include "messages/codec/record.hpp"
#include "messages/topic.hpp"
#include "runtime/storage/findings.hpp"
#include "runtime/storage/stopped_store.hpp"

namespace cafmq::inspection {

/// Checks the records of a log, each by itself, in their order, and against the consume queues.
class log_check {
public:
  log_check(const stopped_store& store, findings& found, store_summary& summary);

  /// Sets the log's end and number of records in the summary.
  void run();

private:
  /// Topics stand in the mapped log, which outlives the check.
  struct queue_key {
    std::string_view topic;
    queue_id queue;
    auto operator<=>(const queue_key&) const = default;
  };
  /// What has been seen of a queue.
  struct queue_track {
    const file_run* units = nullptr; ///< null: it has no consume queue
    std::int64_t records = 0;
    queue_offset next;
    std::int64_t missing = 0; ///< records without a unit, in a row up to now
    queue_offset missing_from;
  };

  void check_record_in_place(const record_view& record, log_position at);
  void check_order(const record_view& record, log_position at, queue_track& track);
  void check_unit(const record_view& record, queue_track& track);
  void report_missing_units();
  void check_blank(std::int32_t size, log_position at);
  void check_end(log_position end);
  bool is_indexed_record_behind(log_position end) const;
  bool has_indexed_record(std::span<const std::uint8_t> bytes, log_position from) const;
  queue_track& track_of(const record_view& record);
  bool was_deleted(std::string_view topic) const;

  const stopped_store* store_;
  findings* found_;
  store_summary* summary_;
  std::map<topic_name, topic_config> topics_; // as config/topics.json has them
  std::map<queue_key, queue_track> tracks_;
  wall_time_ms newest_ = 0;
  bool clock_went_back_ = false;
};

} // namespace cafmq::inspection
