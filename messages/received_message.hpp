#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "messages/byte_block.hpp"
#include "messages/message.hpp"

namespace cafmq {

/// A message as a consumer gets it: a light view into the block that a pull brought, which it keeps
/// alive. Nothing is decoded before it is asked for; text views live as long as the message.
class received_message {
public:
  received_message() = default;
  /// `broker`: the name of the broker it came from, shared by all messages of a pull.
  /// Pre: a valid record stands in `block` at `at`.
  received_message(byte_block block, std::uint32_t at, std::shared_ptr<const std::string> broker);

  /// As the producer gave it, decompressed. Empty, with `body_problem()`, when it cannot be
  /// unpacked.
  std::string_view body() const;
  /// Why the body cannot be unpacked; empty when nothing is wrong.
  std::string_view body_problem() const;
  /// The topic it was sent to: of a redelivered message the original one, not the retry topic.
  std::string_view topic() const;
  std::string_view tags() const { return property(cafmq::property::tags); }
  std::string_view keys() const { return property(cafmq::property::keys); }
  /// The value of a property; empty when it is absent.
  std::string_view property(std::string_view name) const;
  std::map<std::string, std::string, std::less<>> properties() const;
  /// The producer's unique key; the offset message id where there is none.
  std::string msg_id() const;
  /// Where it lies: broker address and log position.
  std::string offset_msg_id() const;
  std::string born_host() const;

  const std::string& broker() const;
  std::int32_t queue_id() const;
  std::int64_t queue_offset() const;
  std::int64_t commit_log_offset() const;
  std::int64_t born_timestamp() const;  ///< ms since 1970, producer's clock
  std::int64_t store_timestamp() const; ///< ms since 1970, broker's clock
  std::int32_t flag() const;
  std::int32_t sys_flag() const;
  std::int32_t body_crc() const;
  std::int32_t store_size() const; ///< bytes of its record
  std::int64_t prepared_transaction_offset() const;
  /// Failed deliveries before this one.
  std::int32_t reconsume_times() const {
    return reconsume_times_ >= 0 ? reconsume_times_ : stored_reconsume_times();
  }
  void set_reconsume_times(std::int32_t times) { reconsume_times_ = times; }

private:
  struct unpacked_body;
  struct access; // reads the record

  std::int32_t stored_reconsume_times() const;
  const unpacked_body& unpacked() const;

  byte_block block_;
  std::shared_ptr<const std::string> broker_;
  std::uint32_t at_ = 0;
  std::int32_t reconsume_times_ = -1;
  mutable std::shared_ptr<const unpacked_body>
    unpacked_; // of a compressed body, once it was asked for
};

} // namespace cafmq
