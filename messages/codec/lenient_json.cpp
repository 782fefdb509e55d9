#include "messages/codec/lenient_json.hpp"

#include <algorithm>

namespace cafmq {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// What fastjson leaves without quotes: numbers and Java identifiers.
bool is_bare_key_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-'
         || c == '_' || c == '$';
}

/// The length of the string literal at the front of `text`, quotes included.
std::size_t string_length(std::string_view text) {
  std::size_t i = 1;
  while (i < text.size() && text[i] != '"')
    i += text[i] == '\\' ? 2 : 1;
  return std::min(i + 1, text.size());
}

/// The length of the unquoted key at the front of `text`; 0 unless a colon follows it.
std::size_t bare_key_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && is_bare_key_character(text[length]))
    ++length;
  auto colon = length;
  while (colon < text.size() && is_space(text[colon]))
    ++colon;
  return colon < text.size() && text[colon] == ':' ? length : 0;
}

} // namespace

std::string quote_json_keys(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  bool key_may_follow = false; // the last character that is no space was { or a comma
  while (!text.empty()) {
    std::size_t length = 1;
    if (text.front() == '"') {
      length = string_length(text);
    } else if (auto bare = key_may_follow ? bare_key_length(text) : 0; bare > 0) {
      out.append(1, '"').append(text.substr(0, bare)).append(1, '"');
      text.remove_prefix(bare);
      key_may_follow = false;
      continue;
    }
    if (!is_space(text.front())) key_may_follow = text.front() == '{' || text.front() == ',';
    out.append(text.substr(0, length));
    text.remove_prefix(length);
  }
  return out;
}

} // namespace cafmq
