#pragma once

#include <caf/expected.hpp>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "messages/errors.hpp"
#include "messages/ids.hpp"

namespace cafmq {

// One message in the commit log (RocketMQ: CommitLog.java, MessageExtEncoder.java). Big-endian.
//
//   at  bytes  field                    at  bytes  field
//    0      4  total size               56      8  store timestamp
//    4      4  magic: V1, V2, BLANK     64      8  store host: IPv4 4, port 4  (20 with IPv6)
//    8      4  body CRC, masked         72      4  reconsume times
//   12      4  queue id                 76      8  prepared transaction offset
//   16      4  flag of the application  84      4  body length, then the body
//   20      8  queue offset                     1  topic length (V2: 2), then the topic
//   28      8  log position                     2  properties length, then the properties
//   36      4  system flag
//   40      8  born timestamp           The offsets are for IPv4 hosts; each IPv6 host adds 12.
//   48      8  born host: IPv4 4, port 4  (20 with IPv6)
//
// A draft is a record whose CRC, queue id, queue offset, log position, store timestamp and store
// host are still 0.

inline constexpr std::int32_t record_magic_v1 = -626843481; ///< 0xDAA320A7
inline constexpr std::int32_t record_magic_v2 =
  -626843477; ///< 0xDAA320AB: two bytes of topic length
inline constexpr std::int32_t blank_magic =
  -875286124; ///< 0xCBD43194: the rest of the segment is unused
inline constexpr std::int64_t blank_bytes =
  8; ///< size and magic; always fit at the end of a segment
inline constexpr std::size_t record_fixed_bytes_v1 = 91; ///< with IPv4 hosts; V2 has one more
inline constexpr std::int32_t record_bytes_over_body_max =
  65'536; ///< a record may exceed its body limit by this
inline constexpr std::size_t topic_bytes_max_v1 =
  127; ///< longer ones are written as V2, retry topics only

/// Bits of the system flag (MessageSysFlag.java).
namespace sys_flag {
inline constexpr std::int32_t compressed = 1;
inline constexpr std::int32_t multi_tags = 1 << 1;
inline constexpr std::int32_t transaction_mask = 3 << 2;
inline constexpr std::int32_t transaction_prepared = 1 << 2;
inline constexpr std::int32_t transaction_commit = 2 << 2;
inline constexpr std::int32_t transaction_rollback = 3 << 2;
inline constexpr std::int32_t born_host_v6 = 1 << 4;
inline constexpr std::int32_t store_host_v6 = 1 << 5;
inline constexpr std::int32_t need_unwrap = 1 << 6;      ///< the body is a batch (RocketMQ 5)
inline constexpr std::int32_t inner_batch = 1 << 7;      ///< one record, many offsets (RocketMQ 5)
inline constexpr std::int32_t compression_mask = 7 << 8; ///< 0 or 3 zlib, 1 LZ4, 2 Zstandard
inline constexpr int compression_shift = 8;
} // namespace sys_flag

/// An address in a record: 4 or 16 bytes in network order, and a port.
struct record_host {
  std::span<const std::uint8_t> address;
  std::int32_t port = 0;
};

/// A record read in place: the views point into the bytes it was read from.
struct record_view {
  std::int32_t size = 0;
  std::int32_t magic = 0;
  std::int32_t body_crc = 0;
  queue_id queue;
  std::int32_t flag = 0;
  queue_offset offset;
  log_position position;
  std::int32_t sys_flag = 0;
  wall_time_ms born_timestamp = 0;
  record_host born_host;
  wall_time_ms store_timestamp = 0;
  record_host store_host;
  std::int32_t reconsume_times = 0;
  std::int64_t prepared_transaction_offset = 0;
  std::string_view body; ///< as stored, maybe compressed
  std::string_view topic;
  std::string_view properties;

  std::int32_t transaction_type() const { return sys_flag & sys_flag::transaction_mask; }
};

enum class record_kind : std::uint8_t {
  valid,   ///< a whole record
  blank,   ///< the segment ends here; `size` bytes are unused
  invalid, ///< no record: zeros, a torn or foreign run of bytes
};

struct checked_record {
  record_kind kind = record_kind::invalid;
  std::int32_t size =
    0; ///< the stated total size; of an invalid record only where its length contradicts its fields
  record_view record; ///< of a valid one
};

enum class body_check : std::uint8_t { skip, crc };

/// What begins at the front of `bytes`? Trusts nothing in them. The rule of
/// CommitLog.checkMessageAndReturnSize.
checked_record check_record(std::span<const std::uint8_t> bytes,
                            body_check check = body_check::skip);

/// Whether a valid record was the last to be written and did not wholly reach the disk: its
/// properties, which no CRC protects, end in a zero, and nothing but zeros follows. Each property
/// ends in 0x02 or, up to RocketMQ 5.1 the last one, in its value.
bool is_torn(const record_view& record, std::span<const std::uint8_t> behind);

/// The tags code of a record for its unit in the consume queue: the Java hash of TAGS, 0 without
/// tags; in the delay topic the delivery time is the caller's business.
std::int64_t tags_code(std::string_view properties);

/// A message as a producer encodes it.
struct draft {
  std::string_view topic;
  std::int32_t flag = 0;
  std::int32_t sys_flag = 0;
  wall_time_ms born_timestamp = 0;
  std::uint32_t born_address = 0; ///< IPv4, host order
  std::int32_t born_port = 0;
  std::int32_t reconsume_times = 0;
  std::string_view body;
  std::string_view properties; ///< an encoded block
};

/// Bytes of the record of `d`.
std::size_t draft_size(const draft& d);

/// Appends the draft record of `d` to `out`. V2 where the topic is longer than 127 bytes.
/// Pre: topic and properties are within their limits.
void encode_draft(std::vector<std::uint8_t>& out, const draft& d);

struct draft_limits {
  std::int32_t body_bytes_max = 4 * 1024 * 1024;
};

/// Checks a run of drafts as a producer sent it: `count` whole records and nothing else, all of
/// this topic, V1 or V2 with IPv4 store host, no transaction or inner-batch bits, no
/// prepared offset, bodies within the limit. Errors: message_illegal, with the reason.
caf::expected<void> validate_drafts(std::span<const std::uint8_t> drafts, std::string_view topic,
                                    std::int32_t count, const draft_limits& limits);

/// What only the broker knows of a record.
struct record_stamp {
  queue_id queue;
  queue_offset offset;
  log_position position;
  wall_time_ms store_timestamp = 0;
  std::uint32_t store_address = 0; ///< IPv4, host order
  std::int32_t store_port = 0;
};

/// Fills in what a draft leaves open, body CRC included, and returns the record's size.
/// Pre: `bytes` begins with a draft that `validate_drafts` accepted.
std::int32_t stamp_record(std::span<std::uint8_t> bytes, const record_stamp& stamp);

/// The eight bytes that close a segment in which `bytes_left` remain.
void write_blank(std::span<std::uint8_t> out, std::int32_t bytes_left);

/// The stated size of the record at the front of `bytes`; 0 when there are fewer than 4 bytes.
std::int32_t record_size(std::span<const std::uint8_t> bytes);

/// Calls `visit(record)` for each valid record of a block; false when something else stands in it.
template <class Visit>
bool for_each_record(std::span<const std::uint8_t> block, Visit&& visit) {
  while (!block.empty()) {
    auto checked = check_record(block);
    if (checked.kind != record_kind::valid) return false;
    visit(checked.record);
    block = block.subspan(static_cast<std::size_t>(checked.size));
  }
  return true;
}

} // namespace cafmq
