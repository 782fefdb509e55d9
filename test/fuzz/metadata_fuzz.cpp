// Throws arbitrary text at the readers of config/*.json, and what they accept through their writers
// and back. Built with -DCAFMQ_FUZZ=ON by clang; run: build-fuzz/test/metadata_fuzz
// -max_total_time=60

#include <cstdlib>

#include "messages/codec/lenient_json.hpp"
#include "messages/codec/metadata_json.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace cafmq;
  std::string_view text{reinterpret_cast<const char*>(data), size};
  auto quoted = quote_json_keys(text);
  if (quote_json_keys(quoted) != quoted) std::abort();
  if (auto topics = read_topics_json(text)) {
    auto back = read_topics_json(write_topics_json(*topics));
    if (!back || back->topics != topics->topics || back->version != topics->version) std::abort();
  }
  if (auto offsets = read_offsets_json(text)) {
    auto back = read_offsets_json(write_offsets_json(*offsets));
    if (!back || back->offsets != offsets->offsets) std::abort();
  }
  if (auto groups = read_groups_json(text)) {
    auto back = read_groups_json(write_groups_json(*groups));
    if (!back || back->groups != groups->groups) std::abort();
  }
  if (auto deletions = read_deletions_json(text)) {
    auto back = read_deletions_json(write_deletions_json(*deletions));
    if (!back || *back != *deletions) std::abort();
  }
  return 0;
}
