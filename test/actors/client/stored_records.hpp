#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "messages/byte_block.hpp"
#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"
#include "messages/message.hpp"

namespace cafmq::test {

/// A message of a queue as a broker stores it.
struct stored {
  std::int64_t offset = 0;
  std::string_view tag{};
  std::string_view body = "body";
};

/// Appends the record of `s` to a block under construction.
inline void append_record(std::vector<std::uint8_t>& bytes, const stored& s,
                          std::string_view topic = "orders", std::int32_t queue = 0) {
  std::vector<std::uint8_t> properties;
  if (!s.tag.empty()) append_property(properties, property::tags, s.tag);
  draft d;
  d.topic = topic;
  d.body = s.body;
  d.properties = {reinterpret_cast<const char*>(properties.data()), properties.size()};
  auto begin = bytes.size();
  encode_draft(bytes, d);
  record_stamp stamp;
  stamp.queue = {queue};
  stamp.offset = {s.offset};
  stamp.position = {s.offset * 1'000};
  stamp_record(std::span{bytes}.subspan(begin), stamp);
}

inline byte_block records_of(const std::vector<stored>& messages) {
  std::vector<std::uint8_t> bytes;
  for (const auto& message : messages)
    append_record(bytes, message);
  return byte_block{std::move(bytes)};
}

/// Records with offsets `first..last`.
inline byte_block records_between(std::int64_t first, std::int64_t last) {
  std::vector<stored> messages;
  for (auto offset = first; offset <= last; ++offset)
    messages.push_back({offset});
  return records_of(messages);
}

} // namespace cafmq::test
