#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <span>
#include <string>

#include "actors/client/outgoing.hpp"
#include "config/client_config.hpp"
#include "messages/codec/compression.hpp"
#include "messages/codec/message_id.hpp"

namespace cafmq {

/// Checks messages against the limits of RocketMQ's clients (Validators.java), compresses large
/// bodies, and encodes drafts. Used by one thread at a time.
class message_encoder {
public:
  /// `address`: the client's IPv4 address, host order.
  message_encoder(const producer_config& config, std::uint32_t address, unique_key_source keys);

  /// A send of one message. Errors: message_illegal, invalid_parameter, compression_failed.
  caf::expected<outgoing> encode(const message& m, wall_time_ms now);
  /// A send of a batch: one topic, one wait flag, no delay, no retry topic, together within the
  /// size limit. Bodies are not compressed.
  caf::expected<outgoing> encode(std::span<const message> batch, wall_time_ms now);

private:
  caf::expected<void> check(const message& m) const;
  caf::expected<void> check_batch(std::span<const message> batch) const;
  caf::expected<void> append(outgoing& to, const message& m, std::string_view body,
                             std::int32_t sys_flags, wall_time_ms now);

  producer_config config_;
  compression compression_;
  std::uint32_t address_;
  unique_key_source keys_;
  std::vector<std::uint8_t> properties_; // reused
};

/// Reads a compression name of the configuration: ZLIB, LZ4, ZSTD. Error: invalid_parameter.
caf::expected<compression> parse_compression(std::string_view name);

/// Topic names: 1 to 127 characters of letters, digits, `%`, `|`, `_`, `-` (TopicValidator.java).
/// Error: invalid_parameter.
caf::expected<void> check_topic_name(std::string_view topic);
/// Group names: the same characters, up to 120 (Validators.checkGroup).
caf::expected<void> check_group_name(std::string_view group);

} // namespace cafmq
