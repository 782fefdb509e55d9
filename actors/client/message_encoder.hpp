#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "actors/client/outgoing.hpp"
#include "config/client_config.hpp"
#include "messages/codec/compression.hpp"
#include "messages/codec/message_id.hpp"

namespace cafmq {

/// A message that may be sent, and its body as it will be stored.
struct prepared_message {
  const message* content = nullptr;
  std::optional<std::string> packed; ///< the compressed body
  std::int32_t sys_flags = 0;

  std::string_view body() const { return packed ? *packed : std::string_view{content->body}; }
};

/// Checks messages and the producer's group against the limits of RocketMQ's clients
/// (Validators.java), compresses large bodies, and encodes drafts.
class message_encoder {
public:
  /// `address`: the client's IPv4 address, host order.
  message_encoder(const producer_config& config, std::uint32_t address, unique_key_source keys);

  // For any number of threads at once.

  /// A message on its own. Errors: message_illegal, invalid_parameter.
  caf::expected<prepared_message> prepare(const message& m) const;
  /// A batch: one topic, one wait flag, no delay, no retry topic, together within the size limit.
  /// Its bodies are not compressed. Errors: message_illegal, invalid_parameter.
  caf::expected<void> check(std::span<const message> batch) const;

  // For one thread at a time.

  /// Appends the draft record of a prepared message, with a unique key unless it has one.
  void append(std::vector<std::uint8_t>& drafts, const prepared_message& m, wall_time_ms now);
  /// A send of one message, or of a batch, on its own.
  caf::expected<outgoing_run> encode(const message& m, wall_time_ms now);
  caf::expected<outgoing_run> encode(std::span<const message> batch, wall_time_ms now);

private:
  caf::expected<void> check_one(const message& m) const;

  producer_config config_;
  compression compression_;
  std::uint32_t address_;
  unique_key_source keys_;
  caf::expected<void> group_;            // may the producer's group be used?
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
