#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "actors/client/batch_sizing.hpp"
#include "actors/client/consumer_effects.hpp"
#include "actors/client/local_retry.hpp"
#include "actors/client/process_queue.hpp"
#include "actors/client/pull_schedule.hpp"
#include "actors/client/queue_lease.hpp"
#include "actors/client/start_offset.hpp"
#include "actors/client/subscription_expression.hpp"
#include "config/client_config.hpp"

namespace cafmq {

class queue_consumer;

/// What is under way to a listener.
struct delivery {
  queue_consumer* queue = nullptr;
  run_id run;                                ///< a run of the process queue, or
  std::optional<queue_offset> redelivered{}; ///< one message that failed before
  std::int32_t count = 0;
};

/// What the queues of one consumer share.
struct consumer_context {
  consumer_config config;
  client_id client;
  start_rule start;
  std::chrono::milliseconds request_limit{3'000}; ///< for questions that are no pulls
  batch_sizing sizing;
  bool suspended = false;
  std::int64_t bytes = 0; ///< fetched and unfinished, over all queues
  std::int64_t last_ticket = 0;
  std::int64_t last_delivery = 0;
  std::map<delivery_id, delivery> deliveries;

  bool broadcasting() const { return config.model == message_model::broadcasting; }
  bool shares_queues() const { return !broadcasting() && config.sharing.strategy != "NONE"; }
  /// Nobody else consumes what is not shared.
  bool needs_locks() const { return config.orderly && shares_queues(); }
  bool over_total() const { return bytes > config.pull_threshold_size_total; }
};

/// Each stage is left to the next one, or to `stopping`; a stopped queue can begin anew.
enum class queue_stage : std::uint8_t {
  locking,  ///< orderly: waits for the queue's lock
  locating, ///< asks the broker where to start
  running,  ///< pulls and delivers
  stopping, ///< waits for listeners that are still at work
};

/// One queue that a consumer owns, from taking it to giving it back. Pulls with at most one
/// question open, hands runs to the listener, keeps what failed for redelivery, and knows what may
/// be committed.
class queue_consumer {
public:
  using time_point = std::chrono::steady_clock::time_point;

  queue_consumer(consumer_context& context, message_queue queue, subscription_expression wanted);
  queue_consumer(const queue_consumer&) = delete;
  queue_consumer& operator=(const queue_consumer&) = delete;
  ~queue_consumer();

  /// Begins at the committed offset, or where the start rule says when it is `no_offset`.
  /// `ask_committed`: the broker may know a committed offset, ask first.
  enum class committed_offset : std::uint8_t { known, ask };
  void start(queue_offset committed, committed_offset knowledge, time_point now,
             consumer_effects& out);

  /// The link to the queue's broker is up, or gone and with it every open question.
  void link(bool up, time_point now, consumer_effects& out);
  /// The queue is still ours by a new assignment. A committed offset that is beyond our own
  /// progress and no commit of ours says that somebody else went on meanwhile: then begin again
  /// from there.
  void keep(queue_offset committed, time_point now, consumer_effects& out);
  /// A commit of this queue is on its way, or has arrived.
  void commit_sent(queue_offset at) { known_commit_ = std::max(known_commit_, at); }
  void commit_arrived(queue_offset at) { arrived_commit_ = at; }
  /// The answer to a lock request that was sent at `asked`.
  void lock(bool granted, time_point asked, time_point now, consumer_effects& out);

  void answer(std::int64_t ticket, const pulled_messages& pulled, time_point now,
              consumer_effects& out);
  void answer(std::int64_t ticket, const queue_bounds& bounds, time_point now,
              consumer_effects& out);
  void answer(std::int64_t ticket, const found_offset& found, time_point now,
              consumer_effects& out);
  void answer(std::int64_t ticket, const committed_offsets& committed, time_point now,
              consumer_effects& out);
  void fail(std::int64_t ticket, errc code, time_point now, consumer_effects& out);

  /// The listener has answered; `what` is no longer in the context.
  void consumed(const delivery& what, const consume_result& result, time_point now,
                consumer_effects& out);
  /// What a listener has to answer that consumed nothing of `what`, and tried.
  consume_result failure_of(delivery_id id, const delivery& what) const;

  /// Go on elsewhere, when the running listeners have finished; no_offset: at the committed offset.
  void seek(queue_offset to, time_point now, consumer_effects& out);
  /// Consume no more; `stopped()` becomes true when the running listeners have finished.
  void stop(consumer_effects& out);
  bool stopped() const { return leaving_ && under_way_ == 0; }

  /// Does what is due: deadlines, waits, lost locks.
  void tick(time_point now, consumer_effects& out);
  /// Pulls if nothing forbids it.
  void pull(time_point now, consumer_effects& out);
  /// When `tick` is wanted next.
  std::optional<time_point> next_event(time_point now) const;

  const message_queue& queue() const { return queue_; }
  queue_stage stage() const { return stage_; }
  bool leaving() const { return leaving_; }
  std::int32_t under_way() const { return under_way_; }
  /// What may be committed; nullopt before the start offset is known.
  std::optional<queue_offset> committable() const;
  /// Everything that may be committed has arrived at the broker.
  bool is_committed() const { return !located_ || arrived_commit_ == messages_.committable(); }
  /// The offset that the start rule has chosen, once.
  std::optional<queue_offset> take_chosen_start() { return std::exchange(chosen_start_, {}); }
  consumed_queue status() const;

private:
  void begin(queue_offset committed, committed_offset knowledge, time_point now,
             consumer_effects& out);
  void locate(time_point now, consumer_effects& out);
  void choose(queue_offset start, time_point now, consumer_effects& out);
  void run_from(queue_offset start, time_point now, consumer_effects& out);
  void drop_fetched(queue_offset next);
  void restart(queue_offset at, time_point now, consumer_effects& out);
  void settle(time_point now, consumer_effects& out);
  void ask(queue_request request, std::chrono::milliseconds limit, time_point now,
           consumer_effects& out);
  void take(const pulled_messages& pulled, time_point now, consumer_effects& out);
  void correct(queue_offset next, time_point now, consumer_effects& out);
  void deliver(run_id id, std::int32_t failures, consumer_effects& out);
  void deliver_head(time_point now, consumer_effects& out);
  void redeliver(time_point now, consumer_effects& out);
  consume_batch prepare(delivery what, record_run run);
  void finish_in_order(const delivery& what, const consume_result& result, time_point now);
  void finish_run(const delivery& what, const consume_result& result, time_point now);
  void finish_redelivery(const delivery& what, const consume_result& result, time_point now);
  bool may_consume(time_point now) const;
  void account();

  consumer_context& context_;
  message_queue queue_;
  subscription_expression wanted_;
  tag_filter filter_;

  queue_stage stage_ = queue_stage::stopping; ///< until `start`
  bool leaving_ = false;
  bool linked_ = false;
  queue_offset start_at_ = no_offset; ///< where to begin once locked or stopped
  committed_offset knowledge_ = committed_offset::known;
  bool located_ = false; ///< `messages_` has a real position
  std::optional<queue_offset> chosen_start_;
  queue_offset known_commit_ = no_offset;   ///< the furthest that we sent or were told of
  queue_offset arrived_commit_ = no_offset; ///< the last that the broker is known to have

  process_queue messages_;
  local_retry retry_;
  pull_schedule schedule_;
  std::int32_t pull_bytes_; ///< that the next pull asks for, up to pullBatchBytes
  queue_lease lease_;
  revocation token_;
  std::int32_t under_way_ = 0;
  std::int64_t accounted_ = 0;
  pull_permit last_permit_ = pull_permit::granted;

  // Orderly: the head of the line.
  bool head_under_way_ = false;
  std::int32_t head_failures_ = 0;
  time_point head_not_before_{};
};

} // namespace cafmq
