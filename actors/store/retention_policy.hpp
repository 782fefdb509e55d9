#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "config/store_config.hpp"
#include "messages/ids.hpp"

namespace cafmq {

/// What is to be done about the age and the disk use of a log (RocketMQ: CleanCommitLogService).
struct retention_decision {
  std::size_t segments_to_remove = 0; ///< the oldest ones
  bool refuse_sends = false;          ///< the disk is too full
};

/// `modified`: when each segment was last written, oldest first. `hour`: of the day, local time,
/// 0..23. The last segment always stays. Expired segments go at the hours of deleteWhen, or at any
/// hour above diskMaxUsedSpaceRatio; above diskSpaceCleanForciblyRatio the oldest go unexpired;
/// above diskSpaceWarningLevelRatio sends are refused until it drops.
retention_decision decide_retention(std::span<const wall_time_ms> modified, wall_time_ms now,
                                    int hour, int used_percent, const store_config& config);

/// Whether `hour` is one of deleteWhen's, such as `04` or `03;15`.
bool is_delete_hour(std::string_view delete_when, int hour);

} // namespace cafmq
