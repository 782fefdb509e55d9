#include "runtime/console/progress.hpp"

#include <cstdio>
#include <unistd.h>

#include "runtime/console/table.hpp"

namespace cafmq {

namespace {

constexpr std::chrono::milliseconds redraw_interval{200};

} // namespace

progress_line::progress_line(std::string what, std::int64_t total)
    : what_(std::move(what)), total_(total), shown_(::isatty(STDERR_FILENO) == 1),
      started_(std::chrono::steady_clock::now()), next_(started_ + redraw_interval) {}

progress_line::~progress_line() {
  if (written_) std::fputs("\r\033[K", stderr);
}

void progress_line::update(std::int64_t done) {
  if (!shown_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + redraw_interval;
  const double seconds = std::chrono::duration<double>(now - started_).count();
  std::string line = what_ + " " + grouped(done);
  if (total_ > 0)
    line += " of " + grouped(total_) + " (" + std::to_string(done * 100 / total_) + " %)";
  line += ", " + grouped(static_cast<std::int64_t>(static_cast<double>(done) / seconds)) + "/s";
  std::fprintf(stderr, "\r\033[K%s", line.c_str());
  std::fflush(stderr);
  written_ = true;
}

} // namespace cafmq
