#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "messages/ids.hpp"

namespace cafmq {

/// What a check of a store found, as one sentence with file and place.
struct finding {
  enum class severity : std::uint8_t {
    note,  ///< nothing is wrong, or the next start of a broker repairs it
    fault, ///< the store contradicts its format, and messages may be lost
  };
  severity weight = severity::fault;
  std::string text;
};

/// Who wants to know, while a check runs.
struct inspection_watch {
  std::function<void(const finding&)> on_finding;
  /// Bytes of the log that are checked, and how many there are; may be empty.
  std::function<void(std::int64_t done, std::int64_t total)> on_progress;
};

/// What a check went through.
struct store_summary {
  bool ended_in_order = true; ///< no abort file
  log_position log_begin;
  log_position log_end; ///< behind the last whole record
  std::int64_t segments = 0;
  std::int64_t records = 0;
  std::int64_t queues = 0;
  std::int64_t units = 0;
  std::int64_t index_files = 0;
  std::int64_t index_entries = 0;
  std::int64_t notes = 0;
  std::int64_t faults = 0;
};

/// Reads a whole store that no broker runs on and checks that its parts agree: every record's
/// structure, CRC and position; blanks at the ends of segments; queue offsets without gap or
/// repeat; each unit of a queue against its record and each record against its queue; each entry of
/// the key index against its record and each key of a record against the index; checkpoint and
/// config files. Changes nothing on the disk. Errors: store_locked, store_corrupt when this is no
/// store at all, io_error.
caf::expected<store_summary> verify_store(const std::string& directory,
                                          const inspection_watch& watch);

} // namespace cafmq
