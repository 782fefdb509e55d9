#include "runtime/program/stop_signal.hpp"

#include <csignal>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace cafmq::program {

namespace {

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

} // namespace

stop_signal::stop_signal() : waiting_thread_(pthread_self()) {
  // Interrupts a read of the main thread, and nothing else.
  struct sigaction interrupt {};
  interrupt.sa_handler = [](int) {};
  ::sigaction(SIGUSR1, &interrupt, nullptr);
  const auto signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signals_ = ::signalfd(-1, &signals, SFD_CLOEXEC);
  end_ = ::eventfd(0, EFD_CLOEXEC);
  waiter_ = std::thread{[this] { run(); }};
}

stop_signal::~stop_signal() {
  const std::uint64_t one = 1;
  static_cast<void>(!::write(end_, &one, sizeof one));
  waiter_.join();
  ::close(signals_);
  ::close(end_);
}

bool stop_signal::requested() const {
  std::lock_guard lock{mutex_};
  return requested_;
}

bool stop_signal::wait_until(std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock{mutex_};
  changed_.wait_until(lock, deadline, [this] { return requested_ || woken_; });
  woken_ = false;
  return requested_;
}

void stop_signal::wake() {
  std::lock_guard lock{mutex_};
  woken_ = true;
  changed_.notify_all();
}

void stop_signal::run() {
  pollfd entries[] = {{signals_, POLLIN, 0}, {end_, POLLIN, 0}};
  while (true) {
    if (::poll(entries, 2, -1) < 0) continue;
    if ((entries[1].revents & POLLIN) != 0) return;
    signalfd_siginfo received{};
    if (::read(signals_, &received, sizeof received) != sizeof received) continue;
    std::lock_guard lock{mutex_};
    if (requested_) ::_exit(128 + static_cast<int>(received.ssi_signo));
    requested_ = true;
    changed_.notify_all();
    pthread_kill(waiting_thread_, SIGUSR1);
  }
}

} // namespace cafmq::program
