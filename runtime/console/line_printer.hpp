#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace cafmq {

/// Writes lines to standard output from a thread of its own, in as few writes as they come in, so
/// that client threads never wait for a slow reader of our output until it is far behind.
class line_printer {
public:
  line_printer();
  line_printer(const line_printer&) = delete;
  /// Writes what is left.
  ~line_printer();

  /// Adds a line; the line end is added here. Waits while `unwritten_bytes_max` are unwritten.
  /// Returns false when standard output is closed: nobody reads any more.
  bool print(std::string_view line);
  bool closed() const;

private:
  static constexpr std::size_t unwritten_bytes_max = 16 * 1024 * 1024;

  void run();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string waiting_;
  bool ending_ = false;
  bool closed_ = false;
  std::thread writer_;
};

} // namespace cafmq
