#include "messages/codec/record.hpp"

#include <algorithm>

#include "messages/codec/big_endian.hpp"
#include "messages/codec/crc32.hpp"
#include "messages/codec/java_hash.hpp"
#include "messages/codec/properties.hpp"
#include "messages/message.hpp"

namespace cafmq {

namespace {

// Offsets of the fields before the first host, whose size varies.
constexpr std::size_t at_magic = 4, at_crc = 8, at_queue_id = 12, at_flag = 16,
                      at_queue_offset = 20, at_position = 28, at_sys_flag = 36,
                      at_born_timestamp = 40, at_born_host = 48;
constexpr std::size_t host_bytes_v4 = 8, host_bytes_v6 = 20;
constexpr std::size_t after_hosts_bytes =
  4 + 8 + 4; // reconsume times, prepared offset, body length

/// A transaction needs more than an append, an inner batch more than one offset a record, and the
/// stamp writes an IPv4 store host.
constexpr std::int32_t refused_in_draft = sys_flag::transaction_mask | sys_flag::store_host_v6
                                          | sys_flag::need_unwrap | sys_flag::inner_batch;

struct record_layout {
  std::size_t born_host_bytes, store_host_bytes;

  explicit record_layout(std::int32_t flags)
      : born_host_bytes((flags & sys_flag::born_host_v6) != 0 ? host_bytes_v6 : host_bytes_v4),
        store_host_bytes((flags & sys_flag::store_host_v6) != 0 ? host_bytes_v6 : host_bytes_v4) {}

  std::size_t at_store_timestamp() const { return at_born_host + born_host_bytes; }
  std::size_t at_store_host() const { return at_store_timestamp() + 8; }
  std::size_t at_reconsume_times() const { return at_store_host() + store_host_bytes; }
  std::size_t at_body() const { return at_reconsume_times() + after_hosts_bytes; }
};

record_host read_host(const std::uint8_t* from, std::size_t bytes) {
  return {{from, bytes - 4}, load_big_endian<std::int32_t>(from + bytes - 4)};
}

/// Cuts `length` bytes and as many as `next` takes off the front of `rest`; false when there are
/// not so many.
bool cut(std::span<const std::uint8_t>& rest, std::int64_t length, std::size_t next,
         std::string_view& text) {
  if (length < 0 || rest.size() < static_cast<std::size_t>(length) + next) return false;
  text = {reinterpret_cast<const char*>(rest.data()), static_cast<std::size_t>(length)};
  rest = rest.subspan(static_cast<std::size_t>(length));
  return true;
}

enum class reading : std::uint8_t { whole, too_short, too_long };

/// Reads a record out of bytes that state its size; trusts nothing in them. One comparison bounds
/// the fields before the body, because this runs several times a message.
reading read_record(std::span<const std::uint8_t> bytes, record_view& r) {
  if (bytes.size() < record_fixed_bytes_v1) return reading::too_short;
  const auto* from = bytes.data();
  r.sys_flag = load_big_endian<std::int32_t>(from + at_sys_flag);
  const record_layout layout{r.sys_flag};
  const auto topic_length_bytes = static_cast<std::size_t>(r.magic == record_magic_v2 ? 2 : 1);
  if (bytes.size() < layout.at_body() + topic_length_bytes + 2) return reading::too_short;
  r.body_crc = load_big_endian<std::int32_t>(from + at_crc);
  r.queue = {load_big_endian<std::int32_t>(from + at_queue_id)};
  r.flag = load_big_endian<std::int32_t>(from + at_flag);
  r.offset = {load_big_endian<std::int64_t>(from + at_queue_offset)};
  r.position = {load_big_endian<std::int64_t>(from + at_position)};
  r.born_timestamp = load_big_endian<std::int64_t>(from + at_born_timestamp);
  r.born_host = read_host(from + at_born_host, layout.born_host_bytes);
  r.store_timestamp = load_big_endian<std::int64_t>(from + layout.at_store_timestamp());
  r.store_host = read_host(from + layout.at_store_host(), layout.store_host_bytes);
  r.reconsume_times = load_big_endian<std::int32_t>(from + layout.at_reconsume_times());
  r.prepared_transaction_offset =
    load_big_endian<std::int64_t>(from + layout.at_reconsume_times() + 4);
  auto rest = bytes.subspan(layout.at_body());
  if (!cut(rest, load_big_endian<std::int32_t>(rest.data() - 4), topic_length_bytes, r.body))
    return reading::too_short;
  // A V1 topic length is one signed byte.
  const std::int64_t topic_length = topic_length_bytes == 2
                                      ? load_big_endian<std::int16_t>(rest.data())
                                      : load_big_endian<std::int8_t>(rest.data());
  rest = rest.subspan(topic_length_bytes);
  if (!cut(rest, topic_length, 2, r.topic)) return reading::too_short;
  const std::int64_t properties_length = load_big_endian<std::int16_t>(rest.data());
  rest = rest.subspan(2);
  if (!cut(rest, properties_length, 0, r.properties)) return reading::too_short;
  return rest.empty() ? reading::whole : reading::too_long;
}

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

caf::error illegal(std::string reason) {
  return make_error(errc::message_illegal, "the batch is refused: " + std::move(reason));
}

} // namespace

checked_record check_record(std::span<const std::uint8_t> bytes, body_check check) {
  if (bytes.size() < 8) return {};
  auto size = load_big_endian<std::int32_t>(bytes.data());
  auto magic = load_big_endian<std::int32_t>(bytes.data() + at_magic);
  if (magic == blank_magic) return {record_kind::blank, size, {}};
  if (magic != record_magic_v1 && magic != record_magic_v2) return {};
  if (size < 0 || bytes.size() < static_cast<std::size_t>(size)) return {};
  checked_record result{record_kind::invalid, 0, {}};
  auto& record = result.record;
  record.size = size;
  record.magic = magic;
  switch (read_record(bytes.first(static_cast<std::size_t>(size)), record)) {
    case reading::whole: break;
    case reading::too_short: return {};
    case reading::too_long: return {record_kind::invalid, size, {}};
  }
  if (check == body_check::crc && !record.body.empty()
      && masked_crc32(bytes_of(record.body)) != record.body_crc)
    return {};
  result.kind = record_kind::valid;
  result.size = size;
  return result;
}

bool is_torn(const record_view& record, std::span<const std::uint8_t> behind) {
  return !record.properties.empty() && record.properties.back() == '\0'
         && std::all_of(behind.begin(), behind.end(), [](std::uint8_t byte) { return byte == 0; });
}

std::int64_t tags_code(std::string_view properties) {
  auto tags = find_property(properties, property::tags);
  return tags.empty() ? 0 : java_hash(tags);
}

std::size_t draft_size(const draft& d) {
  auto fixed = record_fixed_bytes_v1 + (d.topic.size() > topic_bytes_max_v1 ? 1 : 0);
  return fixed + d.body.size() + d.topic.size() + d.properties.size();
}

void encode_draft(std::vector<std::uint8_t>& out, const draft& d) {
  auto size = draft_size(d);
  bool is_v2 = d.topic.size() > topic_bytes_max_v1;
  auto start = out.size();
  out.resize(start + size); // zeros what a draft leaves open
  auto* to = out.data() + start;
  store_big_endian(to, static_cast<std::int32_t>(size));
  store_big_endian(to + at_magic, is_v2 ? record_magic_v2 : record_magic_v1);
  store_big_endian(to + at_flag, d.flag);
  store_big_endian(to + at_sys_flag, d.sys_flag);
  store_big_endian(to + at_born_timestamp, d.born_timestamp);
  store_big_endian(to + at_born_host, d.born_address);
  store_big_endian(to + at_born_host + 4, d.born_port);
  to += at_born_host + host_bytes_v4 + 8 + host_bytes_v4;
  store_big_endian(to, d.reconsume_times);
  to += 4 + 8;
  store_big_endian(to, static_cast<std::int32_t>(d.body.size()));
  to += 4;
  auto put = [&](std::string_view text) {
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    to += text.size();
  };
  put(d.body);
  if (is_v2) {
    store_big_endian(to, static_cast<std::int16_t>(d.topic.size()));
    to += 2;
  } else {
    *to++ = static_cast<std::uint8_t>(d.topic.size());
  }
  put(d.topic);
  store_big_endian(to, static_cast<std::int16_t>(d.properties.size()));
  to += 2;
  put(d.properties);
}

caf::expected<void> validate_drafts(std::span<const std::uint8_t> drafts, std::string_view topic,
                                    std::int32_t count, const draft_limits& limits) {
  std::int64_t seen = 0;
  while (!drafts.empty()) {
    auto checked = check_record(drafts);
    if (checked.kind != record_kind::valid)
      return illegal("message " + std::to_string(seen) + " is no whole record");
    const auto& record = checked.record;
    if (record.topic != topic)
      return illegal("message " + std::to_string(seen) + " is for another topic than its batch");
    if ((record.sys_flag & refused_in_draft) != 0 || record.prepared_transaction_offset != 0)
      return illegal("message " + std::to_string(seen)
                     + " has a system flag that a plain send may not have");
    if (record.body.size() > static_cast<std::size_t>(limits.body_bytes_max))
      return illegal("message " + std::to_string(seen) + " has a body of "
                     + std::to_string(record.body.size()) + " bytes, the limit is "
                     + std::to_string(limits.body_bytes_max));
    drafts = drafts.subspan(static_cast<std::size_t>(checked.size));
    ++seen;
  }
  if (seen != count || seen == 0)
    return illegal("it holds " + std::to_string(seen) + " messages and announces "
                   + std::to_string(count));
  return caf::unit;
}

std::int32_t stamp_record(std::span<std::uint8_t> bytes, const record_stamp& stamp) {
  auto* to = bytes.data();
  auto flags = load_big_endian<std::int32_t>(to + at_sys_flag);
  const auto at_body = record_layout{flags}.at_body();
  const auto at_store_timestamp = record_layout{flags}.at_store_timestamp();
  auto body_length = static_cast<std::size_t>(load_big_endian<std::int32_t>(to + at_body - 4));
  store_big_endian(to + at_crc, masked_crc32({to + at_body, body_length}));
  store_big_endian(to + at_queue_id, stamp.queue.value);
  store_big_endian(to + at_queue_offset, stamp.offset.value);
  store_big_endian(to + at_position, stamp.position.value);
  store_big_endian(to + at_store_timestamp, stamp.store_timestamp);
  store_big_endian(to + at_store_timestamp + 8, stamp.store_address);
  store_big_endian(to + at_store_timestamp + 12, stamp.store_port);
  return load_big_endian<std::int32_t>(to);
}

void write_blank(std::span<std::uint8_t> out, std::int32_t bytes_left) {
  store_big_endian(out.data(), bytes_left);
  store_big_endian(out.data() + at_magic, blank_magic);
}

std::int32_t record_size(std::span<const std::uint8_t> bytes) {
  return bytes.size() < 4 ? 0 : load_big_endian<std::int32_t>(bytes.data());
}

} // namespace cafmq
