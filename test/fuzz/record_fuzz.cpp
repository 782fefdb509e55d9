// Throws arbitrary bytes at everything that reads bytes of others: records, batches, properties,
// compressed bodies, ids. Built with -DCAFMQ_FUZZ=ON by clang; run: build-fuzz/test/record_fuzz
// -max_total_time=60

#include <cstdlib>

#include "messages/codec/compression.hpp"
#include "messages/codec/message_id.hpp"
#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cafmq;
  std::span<const std::uint8_t> bytes{data, size};
  auto checked = check_record(bytes, body_check::crc);
  if (checked.kind == record_kind::valid) {
    const auto& r = checked.record;
    if (static_cast<std::size_t>(r.size) > size
        || r.body.size() + r.topic.size() + r.properties.size() > size)
      std::abort();
    static_cast<void>(tags_code(r.properties));
    static_cast<void>(parse_properties(r.properties));
    static_cast<void>(decompress(r.body, r.sys_flag, 1 << 20));
    if (validate_drafts(bytes.first(static_cast<std::size_t>(r.size)), r.topic, 1, {})) {
      std::vector<std::uint8_t> copy(data, data + r.size);
      if (stamp_record(copy, {{0}, {1}, {2}, 3, 4, 5}) != r.size) std::abort();
      if (check_record(copy, body_check::crc).kind != record_kind::valid) std::abort();
    }
  }
  std::string_view text{reinterpret_cast<const char*>(data), size};
  for (int kind : {0, 1, 2})
    static_cast<void>(decompress(text, 1 | (kind << 8), 1 << 20));
  static_cast<void>(parse_offset_message_id(text));
  return 0;
}
