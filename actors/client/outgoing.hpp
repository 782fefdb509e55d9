#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "messages/errors.hpp"
#include "messages/message.hpp"
#include "messages/producing.hpp"
#include "messages/send_result.hpp"

namespace cafmq {

/// How a send ended: all its messages are stored, or an error. Valid during the call that brings
/// it.
class send_outcome {
public:
  explicit send_outcome(caf::error why) : failure_(std::move(why)) {}
  /// `first` is the receipt of the send's first message, `drafts` are its records.
  send_outcome(const send_receipt& first, const std::shared_ptr<const sent_to>& where,
               std::span<const std::uint8_t> drafts)
      : first_(first), where_(&where), drafts_(drafts) {}

  bool stored() const { return where_ != nullptr; }
  const caf::error& failure() const { return failure_; }
  /// The result of the first message. Pre: `stored()`.
  send_result single() const;
  /// The results of all messages, in their order. Pre: `stored()`.
  std::vector<send_result> all() const;

private:
  caf::error failure_;
  send_receipt first_;
  const std::shared_ptr<const sent_to>* where_ = nullptr;
  std::span<const std::uint8_t> drafts_;
};

using send_completion = std::function<void(const send_outcome&)>;

/// The caller's own choice of a queue, out of the topic's writable ones.
using queue_selector = std::function<message_queue(const std::vector<message_queue>&)>;

/// A queue that the caller chose, in one of three ways. A send with a choice takes no other queue
/// on a retry.
struct queue_choice {
  message_queue queue{};     ///< itself, or an empty broker name
  queue_selector selector{}; ///< or by a function, or empty
  std::string key{};         ///< or by the hash of a key
};

enum class send_mode : std::uint8_t {
  sync,   ///< retried on error answers too
  async,  ///< retried when a broker is lost, not on its error answers
  oneway, ///< tried once
};

/// One call of `send`: one message, or a batch that stays together. Its records are kept beside it,
/// in an `outgoing_run` or a `gathering`, so that thousands of sends take few allocations.
struct outgoing {
  std::int32_t count = 1;  ///< messages
  std::uint32_t bytes = 0; ///< of its draft records
  send_mode mode = send_mode::sync;
  bool wait_store = true;
  bool holds_room = false; ///< of the outbox, until it has ended
  bool alone = false; ///< its batch was refused: tried by itself, so that it cannot harm others
  std::int16_t attempts = 0;
  std::unique_ptr<queue_choice> choice{};           ///< null: the producer takes the queues in turn
  send_completion done{};                           ///< empty: nobody wants to know
  std::chrono::steady_clock::time_point deadline{}; ///< set when it is accepted
};

/// Sends of one topic in their order, their draft records (without queue ids) one behind another.
struct outgoing_run {
  topic_name topic;
  std::vector<std::uint8_t> drafts;
  std::vector<outgoing> sends;
};

} // namespace cafmq
