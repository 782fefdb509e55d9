#pragma once

#include <cstdint>
#include <fstream>
#include <istream>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "messages/message.hpp"

namespace cafmq {

/// Where `produce` takes its messages from.
struct source_options {
  std::string topic = {};
  std::string file = {};   ///< empty: generated messages when `count` is given, else standard input
  std::int64_t count = 0;  ///< 0: all lines
  std::int32_t size = 100; ///< bytes of a generated body
  std::string tag = {};
  std::string key = {};
  bool key_line_numbers = false;
  bool keep_line_ends = false;
  std::vector<std::string> tag_rules = {}; ///< TAG=REGEX; the first that is found in a line decides
  std::vector<std::string> properties = {}; ///< NAME=VALUE
};

/// Messages, one after the other: the lines of a file, or generated ones.
class message_source {
public:
  /// Throws std::runtime_error when the file cannot be read, std::invalid_argument when a rule or
  /// property is malformed.
  explicit message_source(const source_options& options);

  /// nullopt: that was all. Waits for input where the input waits.
  std::optional<message> next();
  /// Messages in all; 0: not known.
  std::int64_t total() const { return options_.file.empty() ? options_.count : 0; }
  /// Lines that were empty and are no messages, because a message needs a body.
  std::int64_t skipped() const { return skipped_; }

private:
  std::optional<std::string> next_line();
  message make(std::string body);
  std::string tag_of(std::string_view body) const;

  source_options options_;
  bool generated_ = false;
  std::ifstream file_;
  std::istream* input_ = nullptr;
  std::vector<std::pair<std::string, std::regex>> rules_;
  std::vector<std::pair<std::string, std::string>> properties_;
  std::int64_t lines_ = 0;
  std::int64_t made_ = 0;
  std::int64_t skipped_ = 0;
};

} // namespace cafmq
