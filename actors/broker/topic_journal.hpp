#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "actors/broker/topic_table.hpp"

namespace cafmq {

/// Topic changes that become true only when they are on disk. While one save is under way further
/// changes gather and go with the next, so that a thousand new topics are not a thousand files.
///
///     submit -> waiting -> (begin_save) staged -> (end_save) true, or refused with the disk's
///     error
class topic_journal {
public:
  using ticket = std::uint64_t;

  topic_journal() = default;
  /// `is_saved`: false when the table differs from what is on disk, so the first save is due.
  topic_journal(topic_table table, bool is_saved) : table_(std::move(table)), is_saved_(is_saved) {}

  /// What is on disk.
  const topic_table& table() const { return table_; }

  ticket submit(topic_change change);

  struct outcome {
    ticket id = 0;
    topic_change change;
    caf::expected<topic_config> topic; ///< as it stands now, or why not
  };
  struct save {
    std::optional<topic_table> table; ///< write this, then call `end_save`; nothing to write: none
    std::vector<outcome> outcomes;    ///< of changes that need no write
  };
  /// Carries out all that wait, on a copy. Does nothing while a save is under way.
  save begin_save(wall_time_ms now);

  /// The copy is on disk and takes the table's place; or it is not, and nothing changed.
  std::vector<outcome> end_save(const caf::error& failure);

  /// Is there something to save and nothing under way?
  bool is_due() const { return !staged_ && (!waiting_.empty() || !is_saved_); }

private:
  topic_table table_;
  bool is_saved_ = true;
  std::optional<topic_table> staged_;
  ticket next_ticket_ = 1;
  std::vector<std::pair<ticket, topic_change>> waiting_;
  std::vector<outcome> settled_; ///< of the save under way
};

} // namespace cafmq
