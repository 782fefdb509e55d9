#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cafmq {

class received_message;

/// Builds one JSON object on one line, field by field and in that order, without the cost of a
/// document: consumers print hundreds of thousands a second.
class json_line {
public:
  json_line& text(std::string_view key, std::string_view value);
  json_line& number(std::string_view key, std::int64_t value);
  /// Shortest form with at most three decimals.
  json_line& real(std::string_view key, double value);
  json_line& flag(std::string_view key, bool value);
  json_line& texts(std::string_view key, const std::vector<std::string>& values);
  /// A value that is JSON already.
  json_line& raw(std::string_view key, std::string_view json);

  /// The object, without a line end.
  std::string str() const { return out_ + "}"; }

private:
  void begin(std::string_view key);
  std::string out_ = "{";
};

/// `[a,b]` of values that are JSON already.
std::string json_array(const std::vector<std::string>& values);

/// A message as `consume --json` and `message --json` print it: topic, brokerName, queueId,
/// queueOffset, msgId, offsetMsgId, keys, tags, properties, body (or bodyBase64 when it is not
/// UTF-8), bornTimestamp, bornHost, storeTimestamp, reconsumeTimes.
std::string message_line(const received_message& message);

/// Whether bytes are well-formed UTF-8 (RFC 3629: no surrogates, nothing overlong).
bool is_utf8(std::string_view bytes);

/// RFC 4648 with padding.
std::string base64(std::string_view bytes);

} // namespace cafmq
