#pragma once

#include <caf/expected.hpp>

#include "actors/store/store_checkpoint.hpp"
#include "actors/store/store_contents.hpp"

namespace cafmq {

enum class last_exit : std::uint8_t {
  clean, ///< no abort file
  crash,
};

struct recovered_store {
  log_position end;             ///< behind the last valid record: appends go on here
  log_position checked_from;    ///< everything from here on was read
  std::int64_t records = 0;     ///< that were checked
  std::int64_t cut_bytes = 0;   ///< not zero behind the end, dropped; counts up to 64 KiB
  wall_time_ms newest_time = 0; ///< store time of the last record; 0: none was read
};

/// Brings log, queues and index to one common end. Pre: all three and the deletions are loaded.
///
/// After a clean exit only what lies behind the queues' end is read. After a crash everything from
/// the newest segment on that began before the checkpoint: entries of these records are dropped and
/// made again. Where queues turn out to miss something before that point, all of them are made
/// again from the whole log. The log is cut behind its last valid record, so whatever was torn is
/// gone and nothing refers to it (RocketMQ: CommitLog.recoverNormally, recoverAbnormally). Of
/// deleted topics nothing is made again, and a deletion that a crash cut short is completed.
/// Errors: io_error.
caf::expected<recovered_store> recover(store_contents& contents, last_exit exit,
                                       const store_checkpoint& checkpoint, wall_time_ms now);

} // namespace cafmq
