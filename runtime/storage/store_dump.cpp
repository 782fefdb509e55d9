#include "runtime/storage/store_dump.hpp"

#include <algorithm>
#include <map>
#include <optional>

#include "messages/codec/compression.hpp"
#include "messages/codec/message_id.hpp"
#include "messages/codec/metadata_json.hpp"
#include "messages/codec/properties.hpp"
#include "messages/codec/sha256.hpp"
#include "runtime/console/json_line.hpp"
#include "runtime/console/table.hpp"
#include "runtime/storage/findings.hpp"
#include "runtime/storage/log_cursor.hpp"
#include "runtime/storage/stopped_store.hpp"

namespace cafmq {

using namespace inspection;

namespace {

constexpr std::int64_t progress_step_records = 4096;

using queue_bounds_table = std::map<local_queue, dumped_queue>;

bool is_deleted(const stopped_store& store, std::string_view topic, log_position position) {
  return store.deletions().covers(topic, position);
}

/// The queues that exist: by their files, by the log's records, or by the topic table alone.
queue_bounds_table queues_of(const stopped_store& store) {
  queue_bounds_table table;
  if (auto topics = read_topics_json(store.content("config/topics.json")))
    for (const auto& [name, topic] : topics->topics)
      for (queue_id id{0}; id.value < std::max(topic.read_queues, topic.write_queues); ++id.value)
        table[{name, id}] = {{name, id}, {0}, {0}};
  for (const auto& [queue, units] : store.queues()) {
    auto [first, end] = written_units(units); // without messages a queue keeps its end
    const bool has_units = first < end;
    if (has_units && is_deleted(store, queue.topic.value, unit_at(units, end + -1).position))
      continue; // the next start completes the deletion
    table[queue] = {queue, end, end};
  }
  return table;
}

/// Takes the messages that stand in the log into the bounds of their queues: after a crash a queue
/// gets the units that it lacks, and loses those without a record.
void add_records(const stopped_store& store, queue_bounds_table& table) {
  std::map<local_queue, bool> seen;
  local_queue last{{}, {-1}};
  dumped_queue* bounds = nullptr;
  log_cursor cursor{store.log(), body_check::crc};
  while (auto step = cursor.next_record()) {
    const auto& record = step->record;
    auto type = record.transaction_type();
    if (type == sys_flag::transaction_prepared || type == sys_flag::transaction_rollback) continue;
    if (is_deleted(store, record.topic, step->at)) continue;
    if (bounds == nullptr || last.id != record.queue || last.topic.value != record.topic) {
      last = {{std::string{record.topic}}, record.queue};
      auto is_first = seen.emplace(last, true).second;
      bounds = &table[last];
      if (is_first) *bounds = {last, record.offset, record.offset};
    }
    bounds->max = record.offset + 1;
    if (record.offset < bounds->min) bounds->min = record.offset; // deleted and made again
  }
}

/// Says so when the log does not end where nothing is written.
void report_end(const stopped_store& store, log_position end, findings& found) {
  if (!store.log().is_unwritten(end.value))
    found.note("the bytes in " + store.log().place(end.value)
               + " are no whole record; what follows is not shown, and store verify says more");
}

std::string pad(std::string text, std::size_t columns) {
  auto width = display_width(text);
  if (width < columns) text.append(columns - width, ' ');
  return text + "  ";
}

std::string dump_row(std::string position, std::string time, std::string queue, std::string offset,
                     std::string size, std::string tags, std::string keys, std::string body) {
  return pad(std::move(position), 14) + pad(std::move(time), 23) + pad(std::move(queue), 28)
         + pad(std::move(offset), 10) + pad(std::move(size), 8) + pad(std::move(tags), 12)
         + pad(std::move(keys), 20) + std::move(body);
}

/// The body as its producer gave it; where it cannot be unpacked the stored bytes, and why not.
struct plain_body {
  std::string unpacked;
  std::string_view text;
  std::string problem;
};

void unpack(const record_view& record, plain_body& body) {
  body.text = record.body;
  if ((record.sys_flag & sys_flag::compressed) == 0) return;
  if (auto result = decompress(record.body, record.sys_flag, decompressed_bytes_max)) {
    body.unpacked = std::move(*result);
    body.text = body.unpacked;
  } else {
    body.problem = sentence(result.error());
  }
}

} // namespace

caf::expected<std::int64_t> dump_store(const std::string& directory, const dump_watch& watch) {
  store_summary summary;
  findings found{watch.inspection, summary};
  auto store =
    stopped_store::open(directory, [&](std::string text) { found.fault(std::move(text)); });
  if (!store) return store.error();
  if (watch.on_queue) {
    auto table = queues_of(*store);
    add_records(*store, table);
    for (const auto& [queue, bounds] : table)
      watch.on_queue(bounds);
  }
  const auto& log = store->log();
  log_cursor cursor{log, body_check::crc};
  auto step = cursor.next();
  for (; step.kind != record_kind::invalid; step = cursor.next()) {
    if (step.kind != record_kind::valid || is_deleted(*store, step.record.topic, step.at)) continue;
    if (watch.on_message) watch.on_message(step.record);
    if (++summary.records % progress_step_records == 0)
      found.progress(step.at.value - log.begin(), log.end() - log.begin());
  }
  report_end(*store, step.at, found);
  return summary.records;
}

std::string queue_dump_line(const dumped_queue& queue) {
  return json_line{}
    .text("kind", "queue")
    .text("topic", queue.queue.topic.value)
    .number("queueId", queue.queue.id.value)
    .number("minOffset", queue.min.value)
    .number("maxOffset", queue.max.value)
    .str();
}

std::string message_dump_line(const record_view& record) {
  plain_body body;
  unpack(record, body);
  json_line properties;
  for (const auto& [name, value] : parse_properties(record.properties))
    properties.text(name, value);
  json_line line;
  line.text("kind", "message")
    .text("topic", record.topic)
    .number("queueId", record.queue.value)
    .number("queueOffset", record.offset.value)
    .number("commitLogOffset", record.position.value)
    .number("storeSize", record.size)
    .number("bodyCrc", record.body_crc)
    .number("sysFlag", record.sys_flag)
    .number("flag", record.flag)
    .number("bornTimestamp", record.born_timestamp)
    .number("storeTimestamp", record.store_timestamp)
    .text("bornHost", address_text(record.born_host.address))
    .text("offsetMsgId", offset_message_id(record.store_host, record.position))
    .number("reconsumeTimes", record.reconsume_times)
    .number("preparedTransactionOffset", record.prepared_transaction_offset)
    .number("bodyLength", static_cast<std::int64_t>(body.text.size()))
    .text("bodySha256",
          sha256_hex({reinterpret_cast<const std::uint8_t*>(body.text.data()), body.text.size()}))
    .raw("properties", properties.str());
  if (!body.problem.empty()) line.text("bodyProblem", body.problem);
  return line.str();
}

std::string message_dump_row(const record_view& record) {
  constexpr std::size_t body_shown_bytes_max = 200; // more than fits into its column
  plain_body body;
  unpack(record, body);
  auto text = body.text.substr(0, body_shown_bytes_max);
  auto is_inside = [&] { // of a character that the cut divides
    return text.size() < body.text.size()
           && (static_cast<std::uint8_t>(body.text[text.size()]) & 0xC0) == 0x80;
  };
  while (!text.empty() && is_inside())
    text.remove_suffix(1);
  auto shown = is_utf8(text)
                 ? shortened(text, 40)
                 : "(" + readable_bytes(static_cast<std::int64_t>(body.text.size())) + ")";
  return dump_row(std::to_string(record.position.value), readable_time(record.store_timestamp),
                  shortened(record.topic, 24) + ' ' + std::to_string(record.queue.value),
                  std::to_string(record.offset.value), std::to_string(record.size),
                  shortened(find_property(record.properties, property::tags), 12),
                  shortened(find_property(record.properties, property::keys), 20),
                  std::move(shown));
}

std::string message_dump_titles() {
  return dump_row("position", "stored", "topic, queue", "offset", "bytes", "tags", "keys", "body");
}

} // namespace cafmq
