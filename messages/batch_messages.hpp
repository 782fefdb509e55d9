#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "messages/client_consuming.hpp"
#include "messages/codec/record.hpp"
#include "messages/received_message.hpp"

namespace cafmq {

/// Shows a listener the messages of its batch as the producers gave them, in the order of their
/// offsets, until `visit(message)` returns false. A broker compares only the hashes of tags; here
/// messages with other tags than the subscription's are passed over. False when a damaged record
/// stands in the batch: it and what follows it are not shown.
template <class Visit>
bool for_each_message(const consume_batch& batch, Visit&& visit) {
  auto broker = std::make_shared<const std::string>(batch.queue.broker.value);
  auto times = batch.reconsume_times;
  for (auto at = batch.begin; at < batch.end;) {
    auto checked = check_record(batch.records.span().subspan(at, batch.end - at));
    if (checked.kind != record_kind::valid || checked.size <= 0) return false;
    received_message message{batch.records, at, broker};
    at += static_cast<std::uint32_t>(checked.size);
    if (std::exchange(times, 0) > 0) message.set_reconsume_times(batch.reconsume_times);
    if (!batch.tags.empty()
        && !std::binary_search(batch.tags.begin(), batch.tags.end(), message.tags(), std::less<>{}))
      continue;
    if (!visit(std::move(message))) break;
  }
  return true;
}

} // namespace cafmq
