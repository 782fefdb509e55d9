#include "actors/client/message_encoder.hpp"

#include <algorithm>
#include <array>

#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"

namespace cafmq {

namespace {

constexpr std::size_t topic_characters_max = 127, retry_topic_characters_max = 255,
                      group_characters_max = 120;

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '%'
         || c == '|' || c == '_' || c == '-';
}

caf::expected<void> check_name(std::string_view name, std::string_view what,
                               std::size_t characters_max) {
  if (name.empty() || name.size() > characters_max
      || !std::all_of(name.begin(), name.end(), is_name_character))
    return make_error(errc::invalid_parameter, "'" + std::string{name} + "' is no "
                                                 + std::string{what} + " name: use 1 to "
                                                 + std::to_string(characters_max)
                                                 + " letters, digits, and the characters % | _ -");
  return caf::unit;
}

bool is_retry_topic(std::string_view topic) {
  return topic.starts_with(retry_topic_prefix) || topic.starts_with(dead_letter_topic_prefix);
}

caf::error illegal(std::string sentence) {
  return make_error(errc::message_illegal, std::move(sentence));
}

} // namespace

caf::expected<compression> parse_compression(std::string_view name) {
  if (name == "ZLIB") return compression::zlib;
  if (name == "LZ4") return compression::lz4;
  if (name == "ZSTD") return compression::zstd;
  return make_error(errc::invalid_parameter,
                    "'" + std::string{name} + "' is no compression: use ZLIB, LZ4 or ZSTD");
}

caf::expected<void> check_topic_name(std::string_view topic) {
  return check_name(topic, "topic",
                    is_retry_topic(topic) ? retry_topic_characters_max : topic_characters_max);
}

caf::expected<void> check_group_name(std::string_view group) {
  return check_name(group, "group", group_characters_max);
}

message_encoder::message_encoder(const producer_config& config, std::uint32_t address,
                                 unique_key_source keys)
    : config_(config), compression_(parse_compression(config.compress_type)
                                      ? *parse_compression(config.compress_type)
                                      : compression::zlib),
      address_(address), keys_(std::move(keys)), group_(check_group_name(config.producer_group)) {}

caf::expected<void> message_encoder::check_one(const message& m) const {
  if (!group_) return group_.error();
  if (auto named = check_topic_name(m.topic.value); !named) return named.error();
  if (m.body.empty())
    return illegal("a message for " + m.topic.value
                   + " has no body; RocketMQ's clients send none without");
  if (m.body.size() > static_cast<std::size_t>(config_.max_message_size))
    return illegal("a message for " + m.topic.value + " has a body of "
                   + std::to_string(m.body.size()) + " bytes; the limit is maxMessageSize, "
                   + std::to_string(config_.max_message_size));
  std::size_t properties_bytes = property_size(property::unique_key, {}) + unique_key_length;
  for (const auto& [name, value] : m.properties) {
    if (!is_storable_property(name, value))
      return illegal(
        "property '" + name + "' of a message for " + m.topic.value
        + " cannot be stored: names and values are not empty and do not hold the bytes 1 and 2");
    if (name != property::unique_key) properties_bytes += property_size(name, value);
  }
  if (properties_bytes > properties_bytes_max)
    return illegal("the properties of a message for " + m.topic.value + " take "
                   + std::to_string(properties_bytes) + " bytes; the limit is "
                   + std::to_string(properties_bytes_max));
  return caf::unit;
}

caf::expected<prepared_message> message_encoder::prepare(const message& m) const {
  if (auto checked = check_one(m); !checked) return checked.error();
  prepared_message result;
  result.content = &m;
  if (m.body.size() <= static_cast<std::size_t>(config_.compress_msg_body_over_howmuch))
    return result;
  // When it cannot be compressed the plain body is sent, as RocketMQ's clients do.
  if (auto packed = compress(m.body, compression_, config_.compress_level);
      packed && packed->size() < m.body.size()) {
    result.packed = std::move(*packed);
    result.sys_flags = compression_flags(compression_);
  }
  return result;
}

caf::expected<void> message_encoder::check(std::span<const message> batch) const {
  if (batch.empty()) return illegal("a batch without messages cannot be sent");
  std::size_t bytes = 0;
  for (const auto& m : batch) {
    if (auto checked = check_one(m); !checked) return checked.error();
    if (m.topic != batch.front().topic || m.wait_store() != batch.front().wait_store())
      return illegal(
        "the messages of a batch have one topic and one WAIT flag; this one mixes them");
    if (is_retry_topic(m.topic.value) || !m.get(property::delay).empty())
      return illegal("a batch may not hold delayed messages or go to a retry topic");
    bytes += m.body.size();
  }
  if (bytes > static_cast<std::size_t>(config_.max_message_size))
    return illegal("a batch for " + batch.front().topic.value + " has " + std::to_string(bytes)
                   + " bytes of bodies; the limit is maxMessageSize, "
                   + std::to_string(config_.max_message_size) + ": split it");
  return caf::unit;
}

void message_encoder::append(std::vector<std::uint8_t>& drafts, const prepared_message& m,
                             wall_time_ms now) {
  const auto& content = *m.content;
  std::array<char, unique_key_length> made;
  auto key = content.get(property::unique_key);
  if (key.size() != unique_key_length) {
    keys_.write_next(now, made);
    key = {made.data(), made.size()};
  }
  properties_.clear();
  append_property(properties_, property::unique_key, key);
  for (const auto& [name, value] : content.properties)
    if (name != property::unique_key) append_property(properties_, name, value);
  draft d;
  d.topic = content.topic.value;
  d.flag = content.flag;
  d.sys_flag = m.sys_flags;
  d.born_timestamp = now;
  d.born_address = address_;
  d.body = m.body();
  d.properties = {reinterpret_cast<const char*>(properties_.data()), properties_.size()};
  encode_draft(drafts, d);
}

namespace {

outgoing_run run_of(const message& first, std::int32_t count, std::vector<std::uint8_t> drafts) {
  outgoing_run run{first.topic, std::move(drafts), {}};
  auto& send = run.sends.emplace_back();
  send.count = count;
  send.bytes = static_cast<std::uint32_t>(run.drafts.size());
  send.wait_store = first.wait_store();
  return run;
}

} // namespace

caf::expected<outgoing_run> message_encoder::encode(const message& m, wall_time_ms now) {
  auto prepared = prepare(m);
  if (!prepared) return prepared.error();
  std::vector<std::uint8_t> drafts;
  append(drafts, *prepared, now);
  return run_of(m, 1, std::move(drafts));
}

caf::expected<outgoing_run> message_encoder::encode(std::span<const message> batch,
                                                    wall_time_ms now) {
  if (auto checked = check(batch); !checked) return checked.error();
  std::vector<std::uint8_t> drafts;
  for (const auto& m : batch)
    append(drafts, {&m, {}, 0}, now);
  return run_of(batch.front(), static_cast<std::int32_t>(batch.size()), std::move(drafts));
}

} // namespace cafmq
