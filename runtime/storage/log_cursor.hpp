#pragma once

#include <optional>

#include "messages/codec/record.hpp"
#include "runtime/storage/stopped_store.hpp"

namespace cafmq::inspection {

/// What stands at one position of the log.
struct log_step {
  record_kind kind = record_kind::invalid;
  log_position at;
  std::int32_t size = 0;
  record_view record; ///< of a valid one
};

/// Walks over the records of a log as a recovery does: from file to file, up to the first bytes
/// that are no record.
class log_cursor {
public:
  /// `from`: where a record begins.
  log_cursor(const file_run& log, log_position from, body_check check)
      : log_(&log), next_(from), check_(check) {}
  log_cursor(const file_run& log, body_check check) : log_cursor(log, {log.begin()}, check) {}

  /// The next record or blank; an invalid step where the log ends, which is `at`, and again after
  /// that. A blank is at once followed by the next file.
  log_step next();
  /// The next record; nullopt where the log ends.
  std::optional<log_step> next_record();

private:
  const file_run* log_;
  log_position next_;
  body_check check_;
};

} // namespace cafmq::inspection
