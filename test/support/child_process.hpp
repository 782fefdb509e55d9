#pragma once

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace test {

/// A real process of the program under test: started, watched through its output, and ended by its
/// own pid only. Nothing here sleeps: every wait is a poll on a pipe with a deadline.
class child_process {
public:
  using duration = std::chrono::milliseconds;

  /// Starts `arguments[0]`; its standard output is read here, its standard error goes to `log` (a
  /// file that is appended to).
  explicit child_process(std::vector<std::string> arguments, std::string log = "/dev/null");
  child_process(child_process&& other) noexcept;
  child_process& operator=(child_process&& other) noexcept;
  /// Kills it when it still runs.
  ~child_process();

  pid_t pid() const { return pid_; }

  /// The next line of its output, without the line end; nullopt when it closed its output or the
  /// deadline passed.
  std::optional<std::string> read_line(duration limit);
  /// Reads lines until one contains `part`, and returns it; nullopt as above.
  std::optional<std::string> read_until(const std::string& part, duration limit);
  /// All lines until it closes its output or `limit` passes.
  std::vector<std::string> read_all(duration limit);

  void signal(int number) const;
  /// SIGKILL, and waits until it is gone.
  void kill();
  /// Waits until it ends by itself and returns its exit code, 128 + n when signal n ended it;
  /// nullopt when it still runs.
  std::optional<int> wait(duration limit);

private:
  void reap();

  pid_t pid_ = -1;
  int output_ = -1;
  int ended_ = -1; // a pidfd: readable when the process is gone
  std::string unread_;
  std::optional<int> status_;
};

/// Runs a command to its end. Fails (exit code -1) when it takes longer than `limit`.
struct finished_process {
  int exit_code = -1;
  std::vector<std::string> lines;
};
finished_process run(std::vector<std::string> arguments, std::chrono::milliseconds limit,
                     std::string log = "/dev/null");

/// A directory of its own below the system's temporary one, removed with everything in it.
class temporary_directory {
public:
  temporary_directory();
  ~temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;

  const std::string& path() const { return path_; }
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }

private:
  std::string path_;
};

} // namespace test
