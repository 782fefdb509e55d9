#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

#include "actors/client/outgoing.hpp"
#include "messages/byte_block.hpp"
#include "messages/client.hpp"

namespace cafmq {

/// Sends that will travel to one queue in one request, with their records in the same order.
struct gathering {
  byte_block::bytes drafts;
  std::vector<outgoing> sends;

  /// May `send` come along? Those of a batch have one wait flag; the batch's size limit is exceeded
  /// only by a single larger send.
  bool takes(const outgoing& send, std::size_t bytes_max) const;
  void add(outgoing send, std::span<const std::uint8_t> records);
};

/// What waits for one queue, as the batches it will travel in: each is full but the last.
class send_lane {
public:
  explicit send_lane(std::size_t batch_bytes_max) : batch_bytes_max_(batch_bytes_max) {}

  bool empty() const { return waiting_.empty(); }
  /// Sends in the batch that is being filled. Pre: not empty.
  std::size_t newest_count() const { return waiting_.back().sends.size(); }
  /// Nothing more fits into the first batch.
  bool has_full_batch() const;

  void add(outgoing send, std::span<const std::uint8_t> records);
  /// Puts back, before everything else, what has to be tried again.
  void add_first(gathering again) { waiting_.push_front(std::move(again)); }
  /// The first batch. Pre: not empty.
  gathering take();
  /// Gives each send to `use(send, records)`, except those for which `keeps(send)`: they stay.
  template <class Keeps, class Use>
  void take_unless(Keeps keeps, Use use);
  bool holds_late(std::chrono::steady_clock::time_point now) const;

private:
  const std::size_t batch_bytes_max_;
  std::size_t last_batch_bytes_ = 0; // the next one is likely to get as large
  std::deque<gathering> waiting_;    // none of them empty
};

template <class Keeps, class Use>
void send_lane::take_unless(Keeps keeps, Use use) {
  for (auto& batch : std::exchange(waiting_, {})) {
    std::span<const std::uint8_t> records{batch.drafts};
    for (auto& send : batch.sends) {
      auto own = records.first(send.bytes);
      records = records.subspan(send.bytes);
      if (keeps(send))
        add(std::move(send), own);
      else
        use(std::move(send), own);
    }
  }
}

} // namespace cafmq
