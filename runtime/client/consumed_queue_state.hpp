#pragma once

#include <cstdint>

#include "messages/message.hpp"

namespace cafmq {

/// How far a consumer is in one of its queues.
struct consumed_queue_state {
  message_queue queue;
  bool running = false; ///< false: waits for its lock or start offset, or is being given back
  std::int64_t next_offset = 0;        ///< where the next pull goes
  std::int64_t committable_offset = 0; ///< all messages before it are consumed
  std::int64_t messages = 0;           ///< fetched and not yet consumed
  std::int64_t bytes = 0;
};

} // namespace cafmq
