#pragma once

#include <caf/expected.hpp>
#include <string_view>

#include "actors/store/store_directory.hpp"
#include "messages/codec/metadata_json.hpp"
#include "messages/ids.hpp"

namespace cafmq {

/// The topics that were deleted and whose messages the log still holds: a recovery must not enter
/// these again. Kept in config/deletedTopics.json, which no store of Apache's has. The writer's
/// alone.
class deleted_topics {
public:
  explicit deleted_topics(store_directory& directory) : directory_(directory) {}

  /// Nothing where there is no file. Errors: io_error, store_corrupt.
  caf::expected<void> load();

  const topic_deletions& all() const { return deletions_; }
  /// Whether the record of `topic` at `position` went with its topic.
  bool covers(std::string_view topic, log_position position) const {
    return deletions_.covers(topic, position);
  }
  /// Where the log ended at the newest deletion; 0 when there is none.
  log_position newest() const;

  /// All messages of `topic` up to `log_end` are deleted; on the disk when it returns. Error:
  /// io_error; nothing has changed then.
  caf::expected<void> add(std::string_view topic, log_position log_end);
  /// The log is `begin`..`end` now: forgets what lies before it, and deletes nothing that will be
  /// written behind it. Error: io_error; nothing has changed then.
  caf::expected<void> confine(log_position begin, log_position end);

private:
  caf::expected<void> replace(topic_deletions changed);

  store_directory& directory_;
  topic_deletions deletions_;
};

} // namespace cafmq
