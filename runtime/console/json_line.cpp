#include "runtime/console/json_line.hpp"

#include <cstdio>

#include "messages/received_message.hpp"

namespace cafmq {

namespace {

void append_escaped(std::string& out, std::string_view text) {
  static constexpr char digits[] = "0123456789abcdef";
  out.push_back('"');
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.push_back('\\');
      out.push_back(c);
    } else if (c == '\n') {
      out.append("\\n");
    } else if (c == '\t') {
      out.append("\\t");
    } else if (byte < 0x20) {
      out.append("\\u00");
      out.push_back(digits[byte >> 4]);
      out.push_back(digits[byte & 15]);
    } else {
      out.push_back(c);
    }
  }
  out.push_back('"');
}

/// Text that may hold anything: what is not UTF-8 becomes U+FFFD byte by byte, so that the line is
/// always JSON.
void append_text(std::string& out, std::string_view text) {
  if (is_utf8(text)) return append_escaped(out, text);
  std::string replaced;
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x80)
      replaced.push_back(c);
    else
      replaced.append("\xEF\xBF\xBD");
  append_escaped(out, replaced);
}

/// Bytes of the character that begins at `text[at]`; 0 when it is malformed.
std::size_t character_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto follows = [&](std::size_t i) { return (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(at);
  const unsigned second = byte(at + 1);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return follows(at + 1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (first == 0xE0 && second < 0xA0) return 0; // overlong
    if (first == 0xED && second > 0x9F) return 0; // surrogate
    return follows(at + 1) && follows(at + 2) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (first == 0xF0 && second < 0x90) return 0; // overlong
    if (first == 0xF4 && second > 0x8F) return 0; // beyond U+10FFFF
    return follows(at + 1) && follows(at + 2) && follows(at + 3) ? 4 : 0;
  }
  return 0;
}

} // namespace

void json_line::begin(std::string_view key) {
  if (out_.size() > 1) out_.push_back(',');
  append_text(out_, key);
  out_.push_back(':');
}

json_line& json_line::text(std::string_view key, std::string_view value) {
  begin(key);
  append_text(out_, value);
  return *this;
}

json_line& json_line::number(std::string_view key, std::int64_t value) {
  begin(key);
  out_.append(std::to_string(value));
  return *this;
}

json_line& json_line::real(std::string_view key, double value) {
  begin(key);
  char digits[64];
  std::snprintf(digits, sizeof digits, "%.3f", value);
  std::string_view shown = digits;
  while (shown.ends_with('0'))
    shown.remove_suffix(1);
  if (shown.ends_with('.')) shown.remove_suffix(1);
  out_.append(shown);
  return *this;
}

json_line& json_line::flag(std::string_view key, bool value) {
  return raw(key, value ? "true" : "false");
}

json_line& json_line::texts(std::string_view key, const std::vector<std::string>& values) {
  std::vector<std::string> quoted;
  for (const auto& value : values)
    append_text(quoted.emplace_back(), value);
  return raw(key, json_array(quoted));
}

json_line& json_line::raw(std::string_view key, std::string_view json) {
  begin(key);
  out_.append(json);
  return *this;
}

std::string json_array(const std::vector<std::string>& values) {
  std::string out = "[";
  for (const auto& value : values) {
    if (out.size() > 1) out.push_back(',');
    out.append(value);
  }
  out.push_back(']');
  return out;
}

std::string message_line(const received_message& message) {
  json_line properties;
  for (const auto& [name, value] : message.properties())
    properties.text(name, value);
  json_line line;
  line.text("topic", message.topic())
    .text("brokerName", message.broker())
    .number("queueId", message.queue_id())
    .number("queueOffset", message.queue_offset())
    .text("msgId", message.msg_id())
    .text("offsetMsgId", message.offset_msg_id())
    .text("keys", message.keys())
    .text("tags", message.tags())
    .raw("properties", properties.str());
  const auto body = message.body();
  if (!message.body_problem().empty())
    line.text("bodyProblem", message.body_problem());
  else if (is_utf8(body))
    line.text("body", body);
  else
    line.text("bodyBase64", base64(body));
  line.number("bornTimestamp", message.born_timestamp())
    .text("bornHost", message.born_host())
    .number("storeTimestamp", message.store_timestamp())
    .number("reconsumeTimes", message.reconsume_times());
  return line.str();
}

bool is_utf8(std::string_view bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const auto length = character_length(bytes, i);
    if (length == 0) return false;
    i += length;
  }
  return true;
}

std::string base64(std::string_view bytes) {
  static constexpr char alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) {
      return i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0u;
    };
    const unsigned group = byte(0) << 16 | byte(1) << 8 | byte(2);
    out.push_back(alphabet[group >> 18]);
    out.push_back(alphabet[group >> 12 & 63]);
    out.push_back(i + 1 < bytes.size() ? alphabet[group >> 6 & 63] : '=');
    out.push_back(i + 2 < bytes.size() ? alphabet[group & 63] : '=');
  }
  return out;
}

} // namespace cafmq
