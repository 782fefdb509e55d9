#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "messages/byte_block.hpp"
#include "messages/ids.hpp"

namespace cafmq {

/// Consecutive records of one queue within a pulled block; messages that the broker filtered out
/// leave gaps in the offsets.
struct record_run {
  queue_offset first;
  queue_offset last;
  std::int32_t count = 0;
  byte_block records;
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  std::int64_t bytes() const { return end - begin; }
};

/// A run in a process queue; counted from 0, never reused.
using run_id = named_type<struct run_id_tag, std::int64_t>;

/// A message that failed on its own and is finished apart from its run.
struct straggler {
  queue_offset offset;
  std::int64_t bytes = 0;
};

/// How much may be fetched and unfinished before pulling pauses.
struct flow_limits {
  std::int64_t messages = 10'000;
  std::int64_t bytes = 100 * 1024 * 1024;
  std::int64_t span = 20'000; ///< of offsets; concurrent consumption only, 0: no limit
};

enum class pull_permit : std::uint8_t {
  granted,
  too_many_messages,
  too_many_bytes,
  span_too_wide, ///< an old message is unfinished while far newer ones are fetched
};

/// A consumer's messages of one queue, fetched and not yet finished. Runs finish in any order; what
/// may be committed is the smallest unfinished offset, so a commit never skips a message.
class process_queue {
public:
  explicit process_queue(queue_offset start = {}) : next_(start) {}

  /// Takes a fetched run. Pre: it lies at or after `next()`.
  run_id add(record_run run);
  /// Pulling goes on at `next`: also what was filtered out after the last run is passed.
  void advance(queue_offset next);

  /// The whole run was tried; those of `failed`, ascending, are still unfinished.
  void finish(run_id id, const std::vector<straggler>& failed = {});
  /// In order: everything of the run before `rest` is finished. Pre: `rest` is a non-empty tail of
  /// the run.
  void shorten(run_id id, record_run rest);
  /// A straggler has been consumed.
  void finish_straggler(queue_offset offset);

  /// Null when the run is finished.
  const record_run* find(run_id id) const;
  /// The oldest unfinished run. Pre: there is one.
  run_id head() const;

  queue_offset next() const { return next_; }
  /// The smallest unfinished offset, or `next()` when nothing is unfinished. Never decreases.
  queue_offset committable() const;
  bool empty() const { return messages_ == 0; }
  std::int64_t messages() const { return messages_; }
  std::int64_t bytes() const { return bytes_; }
  std::int64_t span() const { return empty() ? 0 : last_ - committable(); }

  pull_permit permit(const flow_limits& limits) const;

private:
  struct entry {
    record_run run;
    bool finished = false;
  };
  entry* entry_of(run_id id);
  void drop_finished();

  queue_offset next_;
  queue_offset last_{}; ///< of the newest run
  std::deque<entry> runs_;
  std::int64_t front_id_ = 0;
  std::map<queue_offset, std::int64_t> stragglers_; ///< bytes
  std::int64_t messages_ = 0;
  std::int64_t bytes_ = 0;
};

} // namespace cafmq
