#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "actors/client/outgoing.hpp"
#include "actors/client/send_retry.hpp"
#include "config/client_config.hpp"
#include "messages/client.hpp"
#include "messages/producing.hpp"

namespace cafmq {

/// Batches of one queue that may be unanswered at once. One would leave the link idle while an
/// answer travels; more would only queue up in the broker.
inline constexpr std::int32_t batches_in_flight_max = 2;

/// A producer's sends from their acceptance to their outcome: which queue each takes, which travel
/// together, which are tried again.
///
/// A queue with nothing under way sends at once whatever waits for it; while a batch is under way
/// the next one gathers, up to `batch_bytes_max`. So a lone send waits for nothing, and under load
/// batches grow by themselves. Sends to one queue keep their order unless one has to be retried.
/// Each accepted send ends exactly once, at its deadline at the latest.
class send_batcher {
public:
  using time_point = std::chrono::steady_clock::time_point;

  struct batch {
    std::uint64_t number = 0;
    broker_handle broker;
    send_batch request;
  };

  send_batcher(const producer_config& config, std::uint64_t rotation_start);

  void accept(outgoing send, time_point now);
  /// A topic's queues or links changed. What was under way to a lost broker is retried or fails.
  void show(const topic_view& view, time_point now);
  /// Topics that were sent to for the first time since the last call: ask for their views.
  std::vector<topic_name> take_new_topics();
  /// What can be sent now.
  std::vector<batch> take_batches();
  void succeeded(std::uint64_t number, const send_receipt& receipt);
  void failed(std::uint64_t number, const caf::error& why, time_point now);
  /// Ends every send whose deadline has passed.
  void expire(time_point now);
  /// Ends everything that is unfinished with client_closed; returns how many sends that were.
  std::int32_t abandon();
  bool idle() const { return unfinished_ == 0; }
  const topic_view* view(const topic_name& topic) const;
  /// Links to all brokers of all topics.
  std::map<broker_name, broker_handle> brokers() const;

private:
  struct queue_lane { // one queue
    std::deque<outgoing> waiting;
    std::size_t waiting_bytes = 0;
    std::int32_t in_flight = 0;
  };
  struct topic_state {
    std::optional<topic_view> view;
    queue_rotation rotation;
    std::deque<outgoing> unrouted; // no queue can be chosen yet
    std::set<message_queue> ready; // lanes that may have something to send
    std::map<message_queue, queue_lane> lanes;
  };
  struct batch_flight {
    message_queue queue;
    std::shared_ptr<const sent_to> where;
    std::vector<outgoing> sends;
  };

  topic_state& state_of(const topic_name& topic);
  void route(topic_state& topic, outgoing send, bool in_front);
  void route_unrouted(topic_state& topic);
  void retry(outgoing send, const caf::error& why, time_point now);
  bool can_send(const topic_state& topic, const message_queue& queue, const queue_lane& lane) const;
  batch make_batch(topic_state& topic, const message_queue& queue, queue_lane& lane);
  void lose_broker(topic_state& topic, const broker_name& broker, time_point now);
  std::optional<batch_flight> land(std::uint64_t number);
  void finish(outgoing& send, caf::error why);
  void expire_front(std::deque<outgoing>& sends, std::size_t* bytes, const topic_state& topic,
                    time_point now);
  caf::error late(const outgoing& send, const topic_state& topic) const;

  producer_config config_;
  std::uint64_t rotation_start_;
  std::map<topic_name, topic_state> topics_;
  std::vector<topic_name> new_topics_;
  std::map<std::uint64_t, batch_flight> flights_;
  std::uint64_t last_number_ = 0;
  std::int64_t unfinished_ = 0;
};

} // namespace cafmq
