#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <pthread.h>
#include <thread>

namespace cafmq::program {

/// SIGTERM and SIGINT as a wish to stop. Make one before the first other thread starts, because
/// threads inherit the blocked signals. A read that blocks the thread that made it is interrupted.
/// The second signal ends the process.
class stop_signal {
public:
  stop_signal();
  stop_signal(const stop_signal&) = delete;
  ~stop_signal();

  bool requested() const;
  /// Waits until a stop is wanted, `wake` was called, or `deadline`; returns `requested()`.
  bool wait_until(std::chrono::steady_clock::time_point deadline);
  /// Ends a running `wait_until`.
  void wake();

private:
  void run();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool requested_ = false;
  bool woken_ = false;
  int signals_ = -1; ///< a signalfd
  int end_ = -1;     ///< an eventfd
  pthread_t waiting_thread_;
  std::thread waiter_;
};

} // namespace cafmq::program
