#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "messages/codec/record.hpp"
#include "messages/errors.hpp"
#include "messages/ids.hpp"

namespace cafmq {

/// The broker's id of a message: where it lies. Upper-case hex of address, port and log position:
/// 32 characters with IPv4, 56 with IPv6 (MessageDecoder.createMessageId).
std::string offset_message_id(const record_host& store_host, log_position position);
std::string offset_message_id(std::uint32_t store_address, std::int32_t store_port,
                              log_position position);

struct message_location {
  std::string host; ///< textual address
  std::int32_t port = 0;
  log_position position;
};

/// Error: invalid_parameter when `id` is not 32 or 56 hex digits.
caf::expected<message_location> parse_offset_message_id(std::string_view id);

/// Dotted or colon form of an address of 4 or 16 bytes.
std::string address_text(std::span<const std::uint8_t> address);

/// An IPv4 address in host order; false when `text` is none.
bool parse_ipv4(std::string_view text, std::uint32_t& address);

inline constexpr std::size_t unique_key_length = 32;

/// Makes unique keys as RocketMQ's clients do (MessageClientIDSetter): IPv4 address, low 16 bits of
/// the process id, four bytes that tell instances of one process apart, milliseconds since the
/// month began, and a counter; 16 bytes as hex.
class unique_key_source {
public:
  /// `month_start`: when the current month began, local time; `instance` distinguishes producers of
  /// one process.
  unique_key_source(std::uint32_t address, std::uint32_t process_id, std::uint32_t instance,
                    wall_time_ms month_start);

  /// Writes the next key, 32 characters, to `out`.
  void write_next(wall_time_ms now, std::span<char, unique_key_length> out);
  std::string next(wall_time_ms now);

private:
  std::string prefix_; // the 20 characters that never change
  wall_time_ms month_start_;
  std::uint16_t counter_ = 0;
};

} // namespace cafmq
