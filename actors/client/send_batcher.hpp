#pragma once

#include <caf/error.hpp>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "actors/client/outgoing.hpp"
#include "actors/client/send_lane.hpp"
#include "actors/client/send_retry.hpp"
#include "config/client_config.hpp"
#include "messages/client.hpp"
#include "messages/producing.hpp"

namespace cafmq {

/// Requests that may be unanswered at once by one broker. One would leave the link idle while an
/// answer travels; many would cut what waits into small batches, and a request costs as much as
/// thirty messages.
inline constexpr std::int32_t requests_in_flight_max = 6;
/// Batches of one queue among them: a second one only when it is full.
inline constexpr std::int32_t batches_in_flight_max = 2;
/// Sends that may take any queue go to one after the other, so many a turn: as few as give batches
/// that are worth a request.
inline constexpr std::size_t sends_per_turn_max = 16;
/// While sends are under way to a broker, those that come behind wait for each other: one is worth
/// a request of its own beside so many, two beside twice as many. So dozens of blocked senders
/// travel in few requests, and a few senders wait for nobody.
inline constexpr std::size_t under_way_for_one = 6;
/// A request whose sends have all timed out keeps its place this long, so that a broker that has
/// stopped answering is not fed without bound.
inline constexpr std::chrono::seconds overdue_request_max{30};
/// A topic's route is asked for anew at most this often.
inline constexpr std::chrono::seconds refresh_interval{1};

/// A producer's sends from their acceptance to their outcome: which queue each takes, which travel
/// together, which are tried again.
///
/// A broker with nothing under way is sent at once whatever waits for one of its queues; while
/// requests are under way the next batches gather, up to `batch_bytes_max`. So a lone send waits
/// for nothing, and under load batches grow by themselves. Sends to one queue keep their order
/// unless one has to be retried. Each accepted send ends exactly once, at its deadline at the
/// latest.
class send_batcher {
public:
  using time_point = std::chrono::steady_clock::time_point;

  struct batch {
    std::uint64_t number = 0;
    broker_handle broker;
    send_batch request;
  };
  /// Room of the outbox that ended sends have given back.
  struct room {
    std::int64_t messages = 0;
    std::int64_t bytes = 0;
  };

  send_batcher(const producer_config& config, std::uint64_t rotation_start);
  send_batcher(const send_batcher&) = delete;
  send_batcher& operator=(const send_batcher&) = delete;

  void accept(outgoing_run run, time_point now);
  /// A topic's queues or links changed. What was under way to a lost broker is retried or fails.
  void show(const topic_view& view, time_point now);
  /// Topics that were sent to for the first time since the last call: ask for their views.
  std::vector<topic_name> take_new_topics() { return std::exchange(new_topics_, {}); }
  /// Topics whose view a broker has contradicted: ask for their routes.
  std::vector<topic_name> take_doubted_topics() { return std::exchange(doubted_topics_, {}); }
  /// What can be sent now.
  std::vector<batch> take_batches();
  void succeeded(std::uint64_t number, const send_receipt& receipt);
  void failed(std::uint64_t number, const caf::error& why, time_point now);
  /// Ends every send whose deadline has passed.
  void expire(time_point now);
  /// Ends everything that is unfinished with client_closed; returns how many sends that were.
  std::int32_t abandon();
  /// Ends a send that is not accepted any more.
  void refuse(outgoing_run run, const caf::error& why);
  room take_freed_room() { return std::exchange(freed_, {}); }
  bool idle() const { return unfinished_ == 0; }
  const topic_view* view(const topic_name& topic) const;
  /// Links to all brokers of all topics.
  std::map<broker_name, broker_handle> brokers() const;

private:
  struct broker_window;
  struct topic_state;

  struct lane { // one queue
    message_queue queue;
    send_lane sends;
    topic_state* topic = nullptr;
    broker_window* broker = nullptr;
    broker_handle link{}; // invalid: down
    std::shared_ptr<const sent_to> where{};
    std::int32_t in_flight = 0;
    std::uint64_t behind = 0; // the last request that left before these sends began to gather
    bool writable = false;    // in the topic's view
    bool listed = false;      // in its broker's `ready`
  };
  struct broker_window {
    std::int32_t in_flight = 0;
    std::int32_t overdue = 0; // of them, those that have outlived all their sends
    std::deque<lane*> ready;  // lanes that may have something to send, in turn
  };
  struct held_send {
    outgoing send;
    byte_block::bytes records;
  };
  struct topic_state {
    std::optional<topic_view> view;
    queue_rotation rotation;
    std::map<message_queue, lane> lanes;
    std::vector<lane*> writable;    // as the view orders them
    lane* filling = nullptr;        // where sends gather that may take any queue
    std::deque<held_send> unrouted; // no queue can be chosen yet
    time_point next_refresh{};
  };
  struct flight { // a request under way
    lane* to = nullptr;
    byte_block drafts;
    std::vector<outgoing> sends;
    std::size_t ended = 0; // the first so many have timed out
    std::optional<time_point> overdue_since;

    /// Gives `use(send, records)` each send that has not ended.
    template <class Use>
    void for_each_open(Use use) {
      auto records = drafts.span();
      for (std::size_t i = 0; i < sends.size(); ++i) {
        const auto own = records.first(sends[i].bytes);
        records = records.subspan(own.size());
        if (i >= ended) use(sends[i], own);
      }
    }
  };

  enum class ending { answered, link_lost };

  topic_state& state_of(const topic_name& topic);
  lane& lane_of(topic_state& topic, const message_queue& queue);
  void show_lanes(topic_state& topic);
  lane* next_lane(topic_state& topic, const broker_name& avoided);
  void place(topic_state& topic, outgoing send, std::span<const std::uint8_t> records);
  void gather(lane& to, outgoing send, std::span<const std::uint8_t> records);
  void list(lane& of);
  lane* lane_to_fill(topic_state& topic);
  bool can_send(const lane& of) const;
  bool is_worth_a_request(const lane& of) const;
  batch make_batch(lane& of);
  void lose_broker(topic_state& topic, const broker_name& broker, time_point now);
  std::optional<flight> land(std::uint64_t number);
  void try_again(flight landed, ending how, const caf::error& why, time_point now);
  void try_alone(flight landed);
  void expire_flights(time_point now);
  void doubt(const topic_name& name, time_point now);
  void count_end(const outgoing& send);
  void finish(outgoing& send, caf::error why);
  void finish_late(outgoing& send, const topic_name& name, const topic_state& topic);

  producer_config config_;
  std::uint64_t rotation_start_;
  std::map<topic_name, topic_state> topics_;
  std::map<broker_name, broker_window> windows_;
  std::map<std::uint64_t, flight> flights_;
  std::vector<topic_name> new_topics_;
  std::vector<topic_name> doubted_topics_;
  std::uint64_t last_number_ = 0;
  std::int64_t unfinished_ = 0;
  room freed_;
};

/// Why a send to `topic` has reached its deadline, from what is known of the topic.
caf::error late_error(const topic_name& topic, const topic_view* view, bool was_sent,
                      std::chrono::milliseconds timeout);

} // namespace cafmq
