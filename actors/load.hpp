#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

namespace cafmq {

/// What the actors of one broker count together, from their different threads.
struct broker_counters {
  std::atomic<std::int64_t> messages_in{0};  ///< stored since the start; the commit log counts
  std::atomic<std::int64_t> messages_out{0}; ///< pulled since the start; the queues count
};

/// Room for something that comes from outside and waits in mailboxes, which have no limit of their
/// own. A charge takes room and gives it back when its last copy goes, wherever that is: handled,
/// refused, or lost with the actor that had it in its mailbox.
class byte_gauge : public std::enable_shared_from_this<byte_gauge> {
public:
  using charge = std::shared_ptr<void>;

  explicit byte_gauge(std::int64_t bytes_max) : bytes_max_(bytes_max) {}

  /// Takes room for `bytes`; null when there is not enough left. Something larger than all the room
  /// gets in when it is alone.
  charge take(std::int64_t bytes) {
    if (used_.fetch_add(bytes) + bytes > bytes_max_ && used_ != bytes) {
      used_ -= bytes;
      return nullptr;
    }
    return std::make_shared<taken>(shared_from_this(), bytes);
  }
  std::int64_t used() const { return used_; }

private:
  struct taken {
    taken(std::shared_ptr<byte_gauge> from, std::int64_t room)
        : gauge(std::move(from)), bytes(room) {}
    taken(const taken&) = delete;
    ~taken() { gauge->used_ -= bytes; }
    std::shared_ptr<byte_gauge> gauge;
    std::int64_t bytes;
  };

  const std::int64_t bytes_max_;
  std::atomic<std::int64_t> used_{0};
};

} // namespace cafmq
