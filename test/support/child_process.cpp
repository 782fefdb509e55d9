#include "support/child_process.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <poll.h>
#include <stdexcept>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace test {

namespace {

using steady = std::chrono::steady_clock;

/// Waits until `fd` is readable or at its end; false when the deadline passed first.
bool readable(int fd, steady::time_point deadline) {
  for (;;) {
    auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady::now()).count();
    pollfd entry{fd, POLLIN, 0};
    int ready = ::poll(&entry, 1, static_cast<int>(left < 0 ? 0 : left));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

} // namespace

child_process::child_process(std::vector<std::string> arguments, std::string log) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe for a child process");
  std::vector<char*> words;
  for (auto& argument : arguments)
    words.push_back(argument.data());
  words.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("no child process");
  if (pid_ == 0) {
    int errors = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    int input = ::open("/dev/null", O_RDONLY);
    ::dup2(input, 0);
    ::dup2(ends[1], 1);
    ::dup2(errors, 2);
    ::execvp(words[0], words.data());
    ::_exit(127);
  }
  ::close(ends[1]);
  output_ = ends[0];
  ended_ = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
}

child_process::child_process(child_process&& other) noexcept { *this = std::move(other); }

child_process& child_process::operator=(child_process&& other) noexcept {
  std::swap(pid_, other.pid_);
  std::swap(output_, other.output_);
  std::swap(ended_, other.ended_);
  std::swap(unread_, other.unread_);
  std::swap(status_, other.status_);
  return *this;
}

child_process::~child_process() {
  if (pid_ > 0 && !status_) kill();
  if (output_ >= 0) ::close(output_);
  if (ended_ >= 0) ::close(ended_);
}

std::optional<std::string> child_process::read_line(duration limit) {
  auto deadline = steady::now() + limit;
  for (;;) {
    auto end = unread_.find('\n');
    if (end != std::string::npos) {
      auto line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    if (!readable(output_, deadline)) return std::nullopt;
    char bytes[65536];
    auto count = ::read(output_, bytes, sizeof bytes);
    if (count <= 0) {
      if (unread_.empty()) return std::nullopt;
      return std::exchange(unread_, {});
    }
    unread_.append(bytes, static_cast<std::size_t>(count));
  }
}

std::optional<std::string> child_process::read_until(const std::string& part, duration limit) {
  auto deadline = steady::now() + limit;
  while (auto line = read_line(std::chrono::duration_cast<duration>(deadline - steady::now())))
    if (line->find(part) != std::string::npos) return line;
  return std::nullopt;
}

std::vector<std::string> child_process::read_all(duration limit) {
  auto deadline = steady::now() + limit;
  std::vector<std::string> lines;
  while (auto line = read_line(std::chrono::duration_cast<duration>(deadline - steady::now())))
    lines.push_back(std::move(*line));
  return lines;
}

void child_process::signal(int number) const {
  if (pid_ > 0 && !status_) ::kill(pid_, number);
}

void child_process::kill() {
  signal(SIGKILL);
  reap();
}

std::optional<int> child_process::wait(duration limit) {
  if (!status_ && readable(ended_, steady::now() + limit)) reap();
  return status_;
}

void child_process::reap() {
  if (status_) return;
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

finished_process run(std::vector<std::string> arguments, std::chrono::milliseconds limit,
                     std::string log) {
  auto deadline = steady::now() + limit;
  child_process child{std::move(arguments), std::move(log)};
  finished_process result;
  result.lines = child.read_all(limit);
  auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - steady::now());
  result.exit_code = child.wait(left).value_or(-1);
  return result;
}

temporary_directory::temporary_directory() {
  auto pattern = (std::filesystem::temp_directory_path() / "cafmq-test-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = pattern;
}

temporary_directory::~temporary_directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

} // namespace test
