#include "runtime/storage/store_inspection.hpp"

#include "messages/codec/big_endian.hpp"
#include "messages/codec/metadata_json.hpp"
#include "runtime/storage/findings.hpp"
#include "runtime/storage/index_check.hpp"
#include "runtime/storage/log_check.hpp"
#include "runtime/storage/queue_check.hpp"
#include "runtime/storage/stopped_store.hpp"

namespace cafmq {

using namespace inspection;

namespace {

constexpr std::size_t checkpoint_values_bytes = 3 * 8; // log, queues, index; RocketMQ 5 has more

void check_checkpoint(const stopped_store& store, findings& found) {
  auto content = store.content("checkpoint");
  if (content.empty()) {
    found.unfinished("there is no file " + store.directory() + "/checkpoint");
    return;
  }
  if (content.size() < checkpoint_values_bytes) {
    found.fault("file " + store.directory() + "/checkpoint has " + std::to_string(content.size())
                + " bytes, too few for its values");
    return;
  }
  const auto* at = reinterpret_cast<const std::uint8_t*>(content.data());
  for (std::size_t value = 0; value < checkpoint_values_bytes; value += 8)
    if (load_big_endian<std::int64_t>(at + value) < 0)
      found.fault("file " + store.directory() + "/checkpoint holds a negative time at "
                  + std::to_string(value));
}

/// Says when a file of config/ is there and cannot be read.
template <class Read>
void check_metadata(const stopped_store& store, findings& found, const char* name, Read read) {
  auto text = store.content(std::string{"config/"} + name);
  if (text.empty()) return; // a broker starts with nothing, or with the .bak
  if (auto document = read(text); !document)
    found.fault(sentence(document.error()) + " (" + store.directory() + ")");
}

} // namespace

caf::expected<store_summary> verify_store(const std::string& directory,
                                          const inspection_watch& watch) {
  store_summary summary;
  findings found{watch, summary};
  auto store =
    stopped_store::open(directory, [&](std::string text) { found.fault(std::move(text)); });
  if (!store) return store.error();
  summary.ended_in_order = store->ended_in_order();
  summary.log_begin = {store->log().begin()};
  summary.segments = static_cast<std::int64_t>(store->log().parts().size());
  log_check{*store, found, summary}.run();
  check_queues(*store, found, summary);
  check_indexes(*store, found, summary);
  check_checkpoint(*store, found);
  check_metadata(*store, found, "topics.json", read_topics_json);
  check_metadata(*store, found, "consumerOffset.json", read_offsets_json);
  check_metadata(*store, found, "subscriptionGroup.json", read_groups_json);
  check_metadata(*store, found, "deletedTopics.json", read_deletions_json);
  return summary;
}

} // namespace cafmq
