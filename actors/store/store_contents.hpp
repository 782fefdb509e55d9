#pragma once

#include <atomic>
#include <caf/expected.hpp>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "actors/store/consume_queue.hpp"
#include "actors/store/deleted_topics.hpp"
#include "actors/store/key_index.hpp"
#include "actors/store/segmented_log.hpp"
#include "config/store_config.hpp"
#include "messages/codec/record.hpp"
#include "messages/message.hpp"

namespace cafmq {

/// A queue of the store: its units, and what the writer needs at hand for each message.
struct stored_queue {
  stored_queue(store_directory& directory, const local_queue& name, std::int64_t file_bytes);

  local_queue name;
  consume_queue units;
  std::int32_t key_seed; ///< Java hash of `topic#`, the front of every index key
  queue_offset next;     ///< offset of the next message; ahead of the units while a burst is open
  bool dirty = false;    ///< has units that are not in the files
};

/// All queues of a store. The writer adds and removes, any thread finds.
class queue_table {
public:
  queue_table(store_directory& directory, std::int64_t file_bytes)
      : directory_(directory), file_bytes_(file_bytes) {}

  /// Opens the queues of the consumequeue folder.
  caf::expected<void> load();
  std::shared_ptr<stored_queue> find(std::string_view topic, queue_id queue) const;
  std::shared_ptr<stored_queue> find_or_add(std::string_view topic, queue_id queue);
  std::vector<std::shared_ptr<stored_queue>> all() const;
  /// Whether the topic has a queue, and so may have messages in the log.
  bool has(std::string_view topic) const;
  /// Removes the queues of a topic that was deleted when the log ended at `log_end`, with their
  /// files; those that were made again since then stay. Error: io_error.
  caf::expected<void> remove_topic(std::string_view topic, log_position log_end);

private:
  struct by_name {
    using is_transparent = void;
    using view = std::pair<std::string_view, std::int32_t>;
    static view of(const view& x) { return x; }
    static view of(const std::pair<std::string, std::int32_t>& x) { return {x.first, x.second}; }
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return of(a) < of(b);
    }
  };

  store_directory& directory_;
  std::int64_t file_bytes_;
  mutable std::shared_mutex mutex_;
  std::map<std::pair<std::string, std::int32_t>, std::shared_ptr<stored_queue>, by_name> queues_;
};

/// What the writer of a store and its readers share.
struct store_contents {
  store_contents(store_directory& place, const store_config& settings);

  store_directory& directory;
  store_config config;
  segmented_log log;
  queue_table queues;
  key_index index;
  deleted_topics deletions;             ///< the writer's
  std::atomic<std::int64_t> log_end{0}; ///< behind the last record that readers may see
};

/// The tags code of a record's unit: as `tags_code`, but in the delay topic the time when the
/// message is due.
std::int64_t unit_tags_code(const record_view& record);

} // namespace cafmq
