#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "messages/errors.hpp"
#include "messages/message.hpp"
#include "messages/send_result.hpp"

namespace cafmq {

using unique_key = std::array<char, 32>;

/// How a send ended: all its messages are stored, or an error. Results are in the order of its
/// messages.
struct send_outcome {
  caf::error failure;
  std::vector<send_result> results;
};

using send_completion = std::function<void(send_outcome)>;

/// The caller's own choice of a queue, out of the topic's writable ones.
using queue_selector = std::function<message_queue(const std::vector<message_queue>&)>;

enum class send_mode : std::uint8_t {
  sync,   ///< retried on error answers too
  async,  ///< retried when a broker is lost, not on its error answers
  oneway, ///< tried once
};

/// One call of `send`: one message, or a batch that stays together, encoded and waiting for its
/// queue.
struct outgoing {
  topic_name topic;
  std::vector<std::uint8_t> drafts; ///< records without a queue id
  std::vector<unique_key> keys;     ///< one a message
  bool wait_store = true;
  send_mode mode = send_mode::sync;
  message_queue chosen;     ///< an empty broker name: not chosen
  queue_selector selector;  ///< empty: not chosen
  std::string sharding_key; ///< empty: not chosen
  send_completion done;     ///< empty for one-way sends

  // The producer's bookkeeping.
  std::chrono::steady_clock::time_point deadline{};
  std::int32_t attempts = 0;
  broker_name avoided; ///< the broker that failed it last
  bool alone = false;  ///< its batch was refused: tried by itself, so that it cannot harm others

  bool has_choice() const {
    return !chosen.broker.value.empty() || selector || !sharding_key.empty();
  }
  std::int32_t count() const { return static_cast<std::int32_t>(keys.size()); }
};

/// Ends a send with an error.
inline void fail(outgoing& send, caf::error why) {
  if (send.done) send.done(send_outcome{std::move(why), {}});
}

} // namespace cafmq
