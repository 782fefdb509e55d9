#include "actors/client/outgoing.hpp"

#include <algorithm>

#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"

namespace cafmq {

namespace {

send_result result_of(const record_view& record, const send_receipt& receipt,
                      const std::shared_ptr<const sent_to>& where) {
  std::array<char, 32> key{};
  auto found = find_property(record.properties, property::unique_key);
  std::copy_n(found.begin(), std::min(found.size(), key.size()), key.begin());
  return {receipt.status, key, where, receipt.first_offset, receipt.first_position};
}

} // namespace

send_result send_outcome::single() const {
  return result_of(check_record(drafts_).record, first_, *where_);
}

std::vector<send_result> send_outcome::all() const {
  std::vector<send_result> results;
  if (auto size = record_size(drafts_); size > 0) // those of a batch are alike, mostly
    results.reserve(drafts_.size() / static_cast<std::size_t>(size) + 1);
  auto receipt = first_;
  for_each_record(drafts_, [&](const record_view& record) {
    results.push_back(result_of(record, receipt, *where_));
    receipt.first_offset = receipt.first_offset + 1;
    receipt.first_position = receipt.first_position + record.size;
  });
  return results;
}

} // namespace cafmq
