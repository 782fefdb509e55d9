#pragma once

#include <cstddef>
#include <vector>

#include "runtime/client/one_shot_event.hpp"

namespace cafmq {

/// Events to be signalled together. Each waiter wakes the next one, so that the threads that profit
/// share the work of waking, and mostly stay on a processor that is awake already.
class wake_chain {
public:
  void add(one_shot_event& event) { events_.push_back(&event); }

  /// Signals all that were added.
  void pull() {
    for (std::size_t i = 0; i + 1 < events_.size(); ++i)
      if ((i + 1) % length_max != 0) events_[i]->then(*events_[i + 1]);
    // Not before all are linked: a waiter that goes on takes its event with it.
    for (std::size_t i = 0; i < events_.size(); i += length_max)
      events_[i]->signal();
    events_.clear();
  }

private:
  /// A waiter that is slow to run holds up no more than so many others.
  static constexpr std::size_t length_max = 16;

  std::vector<one_shot_event*> events_;
};

} // namespace cafmq
