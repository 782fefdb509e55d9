#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cafmq {

/// A line on the terminal that says how far long work is, rewritten in place a few times a second.
/// Nothing is written when standard error is no terminal.
class progress_line {
public:
  /// `total` 0: the end is not known.
  progress_line(std::string what, std::int64_t total);
  progress_line(const progress_line&) = delete;
  /// Wipes the line.
  ~progress_line();

  /// `done` so far; cheap enough to call for each message.
  void update(std::int64_t done);

private:
  std::string what_;
  std::int64_t total_;
  bool shown_;
  bool written_ = false;
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point next_;
};

} // namespace cafmq
