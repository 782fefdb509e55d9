#pragma once

#include <caf/expected.hpp>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "actors/client/consumer_effects.hpp"
#include "actors/client/owned_queues.hpp"
#include "actors/client/queue_consumer.hpp"

namespace cafmq {

/// What a consumer is made of, fixed at its start.
struct consumer_setup {
  consumer_config config;
  client_id client;
  std::vector<subscription> subscriptions;
  std::chrono::milliseconds heartbeat_interval{30'000};
  std::chrono::milliseconds request_limit{3'000};
  std::int32_t listener_threads = 1; ///< that work on its batches at once
  wall_time_ms started_at = 0;
};

/// A member of a consumer group: joins it on every broker that serves its topics, takes and gives
/// back queues, renews locks, commits offsets, and leaves. Decides all that a consumer does; the
/// actor around it carries out the effects and brings the news.
class consumer_machine {
public:
  using time_point = std::chrono::steady_clock::time_point;

  /// Error: subscription_parse_failed, invalid_parameter.
  static caf::expected<std::unique_ptr<consumer_machine>> make(consumer_setup setup);

  /// Begins. `kept`: broadcasting offsets of an earlier life.
  void start(const std::vector<consumed_position>& kept, time_point now);

  /// The readable queues of a subscribed topic, as the route has them now.
  void topic_queues(const topic_name& topic, const std::vector<message_queue>& queues,
                    time_point now);
  void link_up(const broker_name& broker, time_point now);
  void link_down(const broker_name& broker, time_point now);

  void joined(const broker_name& broker, const group_joined& answer, time_point now);
  void join_failed(const broker_name& broker, const caf::error& reason, time_point now);
  void assigned(const queue_assignment& assignment, time_point now);
  void locked(const broker_name& broker, time_point asked, const lock_queues& request,
              const locked_queues& held, time_point now);
  void lock_failed(const broker_name& broker, time_point now);
  /// The broker has the offsets.
  void committed(const broker_name& broker, const commit_offsets& request);
  /// The offsets did not reach the broker: they are sent again with the next commit.
  void commit_failed(const broker_name& broker);
  void left(const broker_name& broker, time_point now);

  template <class Answer>
  void answered(const message_queue& queue, std::int64_t ticket, const Answer& answer,
                time_point now) {
    auto* found = find(queue);
    if (!found) return;
    found->answer(ticket, answer, now, effects_);
    if (auto start = found->take_chosen_start()) keep_start(queue, *start, now);
    touch(*found, now);
  }
  void question_failed(const message_queue& queue, std::int64_t ticket, const caf::error& reason,
                       time_point now);

  void consumed(const consume_result& result, time_point now);
  /// The listener has answered with an error: nothing of the delivery is consumed, all of it
  /// failed.
  void delivery_failed(delivery_id id, std::chrono::nanoseconds elapsed, time_point now);
  /// The listener is gone: nothing that is under way to it was consumed.
  void abandon_deliveries(time_point now);

  void suspend(bool suspended, time_point now);
  /// Error: invalid_parameter when queues are shared with the group.
  caf::error assign(const std::vector<message_queue>& queues, time_point now);
  /// Error: invalid_parameter when the queue is not ours.
  caf::error seek(const message_queue& queue, queue_offset to, time_point now);
  /// Commits everything that has changed, on all brokers.
  void commit(time_point now);
  /// As `commit`, and again what is not known to have arrived. Error, beside what can be sent:
  /// broker_not_exist for offsets of queues whose brokers cannot be reached.
  caf::error commit_all(time_point now);
  void close(time_point now);

  void tick(time_point now);
  /// When `tick` is wanted at the latest.
  time_point next_tick() const { return wake_; }

  /// What is to be done since the last call.
  consumer_effects take_effects();

  bool closing() const { return closing_; }
  consumer_status status() const;

private:
  explicit consumer_machine(consumer_setup setup);

  /// What this member knows of a linked broker.
  struct group_link {
    std::int64_t life = 0; ///< which link to this broker name
    time_point next_join{};
    time_point next_lock{};
    std::int32_t missed = 0; ///< joins in a row that told of an assignment never heard
    std::map<local_queue, queue_offset> committed; ///< as last sent
    std::map<local_queue, queue_offset> starts;    ///< chosen by the start rule, to be committed
    bool left = false;
  };
  struct owned_queue {
    std::unique_ptr<queue_consumer> consumer;
    std::int64_t link_life = 0;             ///< 0: not confirmed since its link was lost
    std::optional<queue_offset> left_out{}; ///< by a commit that said so
  };

  queue_consumer* find(const message_queue& queue);
  join_consumer_group join_request() const;
  void carry_out(const ownership_changes& changes, time_point now);
  void begin(const start_queue& change, time_point now);
  void settle(const message_queue& queue, time_point now);
  void give_back(const owned_queue& owned);
  void confirm(const message_queue& queue);
  void touch(const queue_consumer& consumer, time_point now);
  bool is_ours(const owned_queue& owned) const;
  void join(const broker_name& broker, group_link& link, time_point now);
  void lock(const broker_name& broker, group_link& link, time_point now);
  enum class commit_scope : std::uint8_t {
    changed,
    not_arrived, ///< also what was sent and not acknowledged
  };
  void commit(commit_scope scope, time_point now);
  void commit_to(const broker_name& broker, group_link& link, commit_scope scope);
  void know_commit(const keep_queue& kept);
  void keep_start(const message_queue& queue, queue_offset start, time_point now);
  void commit_starts(const broker_name& broker, group_link& link);
  void keep_positions(commit_scope scope);
  void finish_closing(time_point now);
  void pull_all(time_point now);
  void wake_by(time_point moment) { wake_ = std::min(wake_, moment); }

  consumer_setup setup_;
  std::map<topic_name, subscription_expression> subscriptions_;
  consumer_context context_;
  owned_queues ownership_;
  std::map<message_queue, owned_queue> queues_;
  std::map<broker_name, group_link> links_;
  std::map<message_queue, queue_offset> kept_; ///< broadcasting
  consumer_effects effects_;
  std::int64_t last_link_life_ = 0;
  time_point next_commit_{};
  time_point wake_ = time_point::max();
  bool closing_ = false;
  bool leaving_ = false;
  bool done_ = false;
  time_point closing_deadline_{};
  std::string problem_;
};

} // namespace cafmq
