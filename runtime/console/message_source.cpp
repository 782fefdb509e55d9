#include "runtime/console/message_source.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <stdexcept>
#include <utility>

namespace cafmq {

namespace {

/// NAME=VALUE. Throws std::invalid_argument.
std::pair<std::string, std::string> split_pair(const std::string& text, const char* option) {
  const auto equals = text.find('=');
  if (equals == std::string::npos || equals == 0)
    throw std::invalid_argument(std::string{option} + ": '" + text + "' is no NAME=VALUE");
  return {text.substr(0, equals), text.substr(equals + 1)};
}

} // namespace

message_source::message_source(const source_options& options) : options_(options) {
  generated_ = options_.file.empty() && options_.count > 0;
  if (!generated_ && (options_.file.empty() || options_.file == "-")) {
    input_ = &std::cin;
  } else if (!generated_) {
    file_.open(options_.file, std::ios::binary);
    if (!file_)
      throw std::runtime_error(options_.file
                               + " cannot be read: " + std::strerror(errno == 0 ? EIO : errno));
    input_ = &file_;
  }
  for (const auto& rule : options_.tag_rules) {
    auto [tag, pattern] = split_pair(rule, "--tag-if");
    try {
      rules_.emplace_back(tag, std::regex{pattern, std::regex::optimize});
    } catch (const std::regex_error& problem) {
      throw std::invalid_argument("--tag-if: '" + pattern
                                  + "' is no regular expression: " + problem.what());
    }
  }
  for (const auto& pair : options_.properties)
    properties_.push_back(split_pair(pair, "--property"));
}

std::optional<message> message_source::next() {
  if (options_.count > 0 && made_ == options_.count) return std::nullopt;
  if (generated_) {
    std::string body = "message " + std::to_string(made_);
    const auto size = static_cast<std::size_t>(options_.size);
    if (body.size() < size) body += ' ';
    while (body.size() < size)
      body += static_cast<char>('a' + body.size() % 26);
    body.resize(size);
    return make(std::move(body));
  }
  auto line = next_line();
  if (!line) return std::nullopt;
  return make(std::move(*line));
}

std::optional<std::string> message_source::next_line() {
  std::string line;
  while (std::getline(*input_, line)) {
    ++lines_;
    if (options_.keep_line_ends && !input_->eof()) line += '\n';
    if (!line.empty()) return line;
    ++skipped_;
  }
  if (input_->bad() || (input_ == &std::cin && std::ferror(stdin) != 0))
    throw std::runtime_error((input_ == &std::cin ? "standard input" : options_.file)
                             + " cannot be read on behind line " + std::to_string(lines_) + ": "
                             + std::strerror(errno == 0 ? EIO : errno));
  return std::nullopt;
}

message message_source::make(std::string body) {
  message made;
  made.topic = {options_.topic};
  if (generated_) lines_ = made_ + 1;
  ++made_;
  if (options_.key_line_numbers)
    made.set(property::keys, std::to_string(lines_));
  else if (!options_.key.empty())
    made.set(property::keys, options_.key);
  if (const auto tag = tag_of(body); !tag.empty()) made.set(property::tags, tag);
  for (const auto& [name, value] : properties_)
    made.set(name, value);
  made.body = std::move(body);
  return made;
}

std::string message_source::tag_of(std::string_view body) const {
  if (body.ends_with('\n')) body.remove_suffix(1);
  for (const auto& [tag, pattern] : rules_)
    if (std::regex_search(body.begin(), body.end(), pattern)) return tag;
  return options_.tag;
}

} // namespace cafmq
