#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "actors/store/store_contents.hpp"

namespace cafmq {

/// Enters the records that recovery reads from the log, in log order, into queues and key index. To
/// enter one again is harmless.
class redispatch {
public:
  /// What it means when a record stands behind the end of its queue, with offsets missing between.
  enum class gap {
    loses_units, ///< the queue's files were lost in part: all queues have to be made anew
    is_damage,   ///< reading began with the first record there is, so that nothing can be missing:
                 ///< the offset is wrong, which no CRC would tell
  };
  enum class outcome : std::uint8_t {
    entered,           ///< or there is nothing to enter
    units_are_missing, ///< by `gap::loses_units`
    is_not_believable, ///< the log ends before this record
  };

  redispatch(store_contents& contents, gap meaning, wall_time_ms now)
      : contents_(contents), gap_(meaning), now_(now) {}

  /// Messages of a deleted topic have no place in queue and index. Prepared and rolled back
  /// messages have none in a queue, rolled back ones none in the index. An offset behind which its
  /// queue has got already begins the queue anew: its topic was deleted and made again by a broker
  /// that does not remember deletions. Error: io_error.
  caf::expected<outcome> enter(const record_view& record);

private:
  caf::expected<outcome> enter_queue(const record_view& record);
  caf::expected<void> enter_index(const record_view& record);

  store_contents& contents_;
  const gap gap_;
  const wall_time_ms now_;
  std::vector<index_key> keys_;        // of one record
  std::shared_ptr<stored_queue> last_; // most often the next record is of the same queue
};

} // namespace cafmq
