#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "actors/client/consumer_machine.hpp"
#include "actors/client/stored_records.hpp"

namespace cafmq::test {

/// One queue of the model broker, and the truth about what became of its messages.
struct model_queue {
  std::vector<std::string> tags;     ///< a message each, by offset
  std::map<std::int64_t, int> times; ///< successful deliveries by offset
  std::vector<std::int64_t> order;   ///< offsets in the order of success
  std::int64_t committed = -1;
  std::string owner, target, locker;
};

/// A broker, a consumer group and its members as a model: letters between them keep their order,
/// everything else is drawn from one seed. Checks each commit against the truth.
class consumer_world {
public:
  using time_point = consumer_machine::time_point;
  struct member {
    std::string name;
    std::unique_ptr<consumer_machine> machine;
    bool linked = false;
    bool left = false;
    bool closed = false;
    std::deque<consumer_effect> sent;              ///< to the broker
    std::deque<std::function<void()>> received;    ///< from the broker
    std::map<std::int64_t, consume_batch> batches; ///< with the listener
    std::int64_t revision = 0;
  };

  consumer_world(std::uint64_t seed, consumer_config config, int queues, std::string expression);

  member& add(const std::string& name);
  /// Dies without a word: the broker frees its queues.
  void crash(const std::string& name);
  void cut(member& who);
  void link(member& who);
  void append(int queue, std::string tag);
  /// The group wants these owners from now on.
  void share();

  /// One event, drawn.
  void step();
  /// Events until nothing but time is left to happen, for a span of time.
  void settle(std::chrono::milliseconds span);
  void pass(std::chrono::milliseconds span);
  /// Everything goes well from now on: `settle` brings all to an end.
  void calm() { failures_ = false; }

  std::uint64_t below(std::uint64_t n) { return chance_() % n; }
  bool wanted(const model_queue& queue, std::int64_t offset) const;
  void check_all_consumed() const;

  time_point now{std::chrono::hours{1}};
  std::vector<model_queue> queues;
  std::map<std::string, member> members;
  bool failures_ = true; ///< listeners fail now and then

private:
  void collect(member& who);
  bool act_for_broker(member& who);
  bool hear(member& who);
  bool listen(member& who);
  void handle(member& who, ask_about_queue& question);
  void handle(member& who, tell_group& letter);
  void handle_pull(member& who, const ask_about_queue& question, const pull_messages& pull);
  void commit(const queue_position& position);
  void settle_ownership();
  void assign(member& who);
  consume_result work(member& who, const consume_batch& batch);

  template <class Tell>
  void reply(member& who, Tell tell) {
    who.received.push_back(std::move(tell));
  }

  std::mt19937_64 chance_;
  consumer_config config_;
  std::string expression_;
  subscription_expression parsed_;
};

inline const broker_name model_broker{"broker-a"};

} // namespace cafmq::test
