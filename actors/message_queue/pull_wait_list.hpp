#pragma once

#include <caf/expected.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "messages/consuming.hpp"

namespace cafmq {

/// The pulls that wait in one queue for messages, or for their time to be up: long polling. It
/// keeps tickets; whoever answers keeps what the answers go to.
///
/// One client has one pull at a time: a newer replaces the older.
class pull_wait_list {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using ticket = std::uint64_t;

  /// After it passed over messages that its filter refused, a pull waits no longer than this, so
  /// that the consumer's offset follows.
  static constexpr std::chrono::milliseconds wait_after_passing_max{1'000};

  explicit pull_wait_list(std::size_t waiting_max = 100'000) : waiting_max_(waiting_max) {}

  struct parked {
    ticket id = 0;
    /// The client's earlier pull, which is out now and to be answered empty.
    std::optional<std::pair<ticket, pull_messages>> replaced;
  };
  /// Lets `pull` wait for its suspend time. Error: system_busy beyond `waiting_max`.
  caf::expected<parked> park(pull_messages pull, time_point now);

  /// Pulls that can go on, because the queue has messages at their offset now; oldest first.
  std::vector<ticket> reached(queue_offset max) const;

  /// Pulls whose time is up, in the order of their deadlines.
  std::vector<ticket> due(time_point now) const;
  std::optional<time_point> next_deadline() const;

  const pull_messages& at(ticket id) const { return waiting_.at(id).pull; }

  /// Everything before `next` was looked at and refused by the filter: goes on waiting from there.
  void pass(ticket id, queue_offset next, time_point now);
  bool has_passed(ticket id) const { return waiting_.at(id).has_passed; }

  /// Takes a pull out to answer it.
  pull_messages take(ticket id);

  std::size_t size() const { return waiting_.size(); }

private:
  struct entry {
    pull_messages pull;
    time_point deadline;
    bool has_passed = false;
  };
  using client_key = std::pair<group_name, client_id>;

  std::size_t waiting_max_;
  ticket last_ = 0;
  std::map<ticket, entry> waiting_;
  std::map<client_key, ticket> by_client_;
  std::set<std::pair<time_point, ticket>> deadlines_;
};

} // namespace cafmq
