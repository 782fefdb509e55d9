#include "runtime/console/line_printer.hpp"

#include <cerrno>
#include <unistd.h>

namespace cafmq {

namespace {

/// False: nobody reads standard output any more.
bool write_all(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

} // namespace

line_printer::line_printer() : writer_([this] { run(); }) {}

line_printer::~line_printer() {
  {
    std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_all();
  writer_.join();
}

bool line_printer::print(std::string_view line) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, [this] { return waiting_.size() < unwritten_bytes_max || closed_; });
  if (closed_) return false;
  const bool was_idle = waiting_.empty();
  waiting_.append(line).push_back('\n');
  lock.unlock();
  if (was_idle) changed_.notify_all();
  return true;
}

bool line_printer::closed() const {
  std::lock_guard lock{mutex_};
  return closed_;
}

void line_printer::run() {
  std::string writing;
  std::unique_lock lock{mutex_};
  while (true) {
    changed_.wait(lock, [this] { return !waiting_.empty() || ending_; });
    if (waiting_.empty()) return;
    writing.clear();
    writing.swap(waiting_);
    lock.unlock();
    const bool open = write_all(writing);
    lock.lock();
    if (!open) {
      closed_ = true;
      waiting_.clear();
      changed_.notify_all();
      return;
    }
    changed_.notify_all();
  }
}

} // namespace cafmq
