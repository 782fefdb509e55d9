#include "actors/client/message_encoder.hpp"

#include <algorithm>

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
      address_(address), keys_(std::move(keys)) {}

caf::expected<void> message_encoder::check(const message& m) const {
  if (auto named = check_topic_name(m.topic.value); !named) return named.error();
  if (m.body.empty())
    return illegal("a message for " + m.topic.value
                   + " has no body; RocketMQ's clients send none without");
  if (m.body.size() > static_cast<std::size_t>(config_.max_message_size))
    return illegal("a message for " + m.topic.value + " has a body of "
                   + std::to_string(m.body.size()) + " bytes; the limit is maxMessageSize, "
                   + std::to_string(config_.max_message_size));
  for (const auto& [name, value] : m.properties)
    if (!is_storable_property(name, value))
      return illegal(
        "property '" + name + "' of a message for " + m.topic.value
        + " cannot be stored: names and values are not empty and do not hold the bytes 1 and 2");
  return caf::unit;
}

caf::expected<void> message_encoder::append(outgoing& to, const message& m, std::string_view body,
                                            std::int32_t sys_flags, wall_time_ms now) {
  auto& key = to.keys.emplace_back();
  auto own_key = m.get(property::unique_key);
  if (own_key.size() == key.size())
    own_key.copy(key.data(), key.size());
  else
    keys_.write_next(now, key);
  properties_.clear();
  append_property(properties_, property::unique_key, {key.data(), key.size()});
  for (const auto& [name, value] : m.properties)
    if (name != property::unique_key) append_property(properties_, name, value);
  if (properties_.size() > properties_bytes_max)
    return illegal("the properties of a message for " + m.topic.value + " take "
                   + std::to_string(properties_.size()) + " bytes; the limit is "
                   + std::to_string(properties_bytes_max));
  draft d;
  d.topic = m.topic.value;
  d.flag = m.flag;
  d.sys_flag = sys_flags;
  d.born_timestamp = now;
  d.born_address = address_;
  d.body = body;
  d.properties = {reinterpret_cast<const char*>(properties_.data()), properties_.size()};
  encode_draft(to.drafts, d);
  return caf::unit;
}

caf::expected<outgoing> message_encoder::encode(const message& m, wall_time_ms now) {
  if (auto checked = check(m); !checked) return checked.error();
  outgoing send;
  send.topic = m.topic;
  send.wait_store = m.wait_store();
  std::string packed;
  std::string_view body = m.body;
  std::int32_t sys_flags = 0;
  if (m.body.size() > static_cast<std::size_t>(config_.compress_msg_body_over_howmuch)) {
    // When it cannot be compressed the plain body is sent, as RocketMQ's clients do.
    if (auto result = compress(m.body, compression_, config_.compress_level);
        result && result->size() < m.body.size()) {
      packed = std::move(*result);
      body = packed;
      sys_flags = compression_flags(compression_);
    }
  }
  if (auto appended = append(send, m, body, sys_flags, now); !appended) return appended.error();
  return send;
}

caf::expected<void> message_encoder::check_batch(std::span<const message> batch) const {
  if (batch.empty()) return illegal("a batch without messages cannot be sent");
  std::size_t bytes = 0;
  for (const auto& m : batch) {
    if (auto checked = check(m); !checked) return checked.error();
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

caf::expected<outgoing> message_encoder::encode(std::span<const message> batch, wall_time_ms now) {
  if (auto checked = check_batch(batch); !checked) return checked.error();
  outgoing send;
  send.topic = batch.front().topic;
  send.wait_store = batch.front().wait_store();
  send.keys.reserve(batch.size());
  std::size_t bytes = 0;
  for (const auto& m : batch)
    bytes += m.body.size() + m.topic.value.size() + 160;
  send.drafts.reserve(bytes);
  for (const auto& m : batch)
    if (auto appended = append(send, m, m.body, 0, now); !appended) return appended.error();
  return send;
}

} // namespace cafmq
