#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "messages/ids.hpp"
#include "messages/message.hpp"

namespace cafmq {

/// How far a stored message got; in all four states it is stored exactly once (RocketMQ:
/// SendStatus.java).
enum class send_status : std::uint8_t {
  send_ok = 0,
  flush_disk_timeout = 1,  ///< stored, the disk did not confirm within syncFlushTimeout
  flush_slave_timeout = 2, ///< stored, the slave did not confirm in time
  slave_not_available = 3, ///< stored, there is no slave to confirm
};

/// RocketMQ's name of a status, such as SEND_OK.
const char* name_of(send_status status);

/// Where a queue's broker is, shared by all results of a batch.
struct sent_to {
  message_queue queue;
  std::uint32_t address = 0; ///< IPv4, host order
  std::int32_t port = 0;
};

/// The proof that a message is stored. Light: ids become text when they are asked for.
class send_result {
public:
  send_result() = default;
  send_result(send_status status, std::array<char, 32> unique_key,
              std::shared_ptr<const sent_to> where, cafmq::queue_offset offset,
              log_position position)
      : status_(status), unique_key_(unique_key), where_(std::move(where)), offset_(offset),
        position_(position) {}

  send_status status() const { return status_; }
  /// The unique key that the producer gave it.
  std::string msg_id() const { return {unique_key_.data(), unique_key_.size()}; }
  /// Where it lies: broker address and log position; of a resend that found another copy, the one
  /// that was acknowledged.
  std::string offset_msg_id() const;
  const message_queue& queue() const;
  std::int64_t queue_offset() const { return offset_.value; }

private:
  send_status status_ = send_status::send_ok;
  std::array<char, 32> unique_key_{};
  std::shared_ptr<const sent_to> where_;
  cafmq::queue_offset offset_;
  log_position position_;
};

} // namespace cafmq
