// A store that died while its last records were written, at every byte of them and in every way
// that a disk leaves them: what was whole before is kept, nothing torn is shown, and the log goes
// on. L1, L2, ... are promises of the store.

#include <algorithm>
#include <doctest/doctest.h>
#include <functional>
#include <map>

#include "actors/store/message_store.hpp"
#include "actors/store/store_recovery.hpp"
#include "messages/codec/big_endian.hpp"
#include "messages/codec/properties.hpp"
#include "runtime/storage/memory_directory.hpp"

using namespace cafmq;

namespace {

constexpr wall_time_ms start_time = 1'700'000'000'000;
constexpr std::int64_t segment_bytes = 2048;
const local_queue first_queue{{"orders"}, {0}}, second_queue{{"orders"}, {1}};

store_config small_config() {
  store_config config;
  config.mapped_file_size_commit_log = segment_bytes;
  config.mapped_file_size_consume_queue = 20 * 10;
  config.max_hash_slot_num = 20;
  config.max_index_num = 15;
  return config;
}

std::unique_ptr<message_store> open(store_directory& directory) {
  auto opened =
    message_store::open(directory, small_config(), {0x7F000001, 10911}, "1", start_time);
  if (!opened) FAIL(sentence(opened.error()));
  return std::move(*opened);
}

/// Stores `count` messages as one batch; their bodies say which they are.
void store_batch(message_store& store, const local_queue& queue, int count,
                 std::size_t body_bytes) {
  byte_block::bytes drafts, properties;
  append_property(properties, "KEYS", "key");
  append_property(properties, "TAGS", "paid");
  auto next = store.view()->bounds(queue).max.value;
  for (int i = 0; i < count; ++i) {
    auto body = "message " + std::to_string(next + i) + " ";
    body.resize(std::max(body.size(), body_bytes), 'x');
    draft d;
    d.topic = queue.topic.value;
    d.body = body;
    d.properties = {reinterpret_cast<const char*>(properties.data()), properties.size()};
    encode_draft(drafts, d);
  }
  send_batch batch;
  batch.topic = queue.topic;
  batch.queue = queue.id;
  batch.count = count;
  batch.drafts = byte_block{std::move(drafts)};
  REQUIRE(store.append(batch, start_time));
  REQUIRE(store.commit());
  REQUIRE(store.sync());
  store.publish(start_time);
}

std::string segment_path(std::int64_t position) {
  return "commitlog/" + segment_name(position / segment_bytes * segment_bytes);
}

/// All files of a store, as a crash leaves them.
using disk_image = std::map<std::string, std::vector<std::uint8_t>>;

void take_files(const store_directory& disk, const std::string& folder, disk_image& image) {
  auto files = disk.files(folder);
  REQUIRE(files);
  for (const auto& file : *files) {
    auto path = folder + "/" + file.name;
    auto bytes = disk.read_small(path);
    REQUIRE(bytes);
    image[path] = {(*bytes)->begin(), (*bytes)->end()};
  }
  auto folders = disk.folders(folder);
  REQUIRE(folders);
  for (const auto& name : *folders)
    take_files(disk, folder + "/" + name, image);
}

disk_image take_image(const store_directory& disk) {
  disk_image image;
  for (const auto* folder : {"commitlog", "consumequeue", "index"})
    take_files(disk, folder, image);
  for (const auto* file : {"abort", "checkpoint"})
    if (auto bytes = disk.read_small(file); bytes && *bytes)
      image[file] = {(*bytes)->begin(), (*bytes)->end()};
  return image;
}

void put_image(const disk_image& image, store_directory& disk) {
  for (const auto& [path, bytes] : image) {
    auto file = disk.create(path, static_cast<std::int64_t>(bytes.size()));
    REQUIRE(file);
    REQUIRE((*file)->write(0, bytes));
  }
}

/// A record of the log, and what of it no CRC and no length protects.
struct placed_record {
  local_queue queue;
  queue_offset offset;
  log_position begin;
  log_position properties; ///< behind their length
  log_position end;
  std::string body;
};

/// A byte of the log, in the file that holds it.
std::uint8_t& byte_at(disk_image& image, log_position position) {
  return image.at(
    segment_path(position.value))[static_cast<std::size_t>(position.value % segment_bytes)];
}

std::vector<placed_record> records_of(const disk_image& image) {
  std::vector<placed_record> records;
  log_position at{0};
  for (;;) {
    auto segment = image.find(segment_path(at.value));
    if (segment == image.end()) return records;
    auto offset = static_cast<std::size_t>(at.value % segment_bytes);
    auto checked = check_record(std::span{segment->second}.subspan(offset), body_check::crc);
    if (checked.kind == record_kind::invalid) return records;
    auto end = at + checked.size;
    const auto& r = checked.record;
    if (checked.kind == record_kind::valid)
      records.push_back({{{std::string{r.topic}}, r.queue},
                         r.offset,
                         at,
                         {end.value - static_cast<std::int64_t>(r.properties.size())},
                         end,
                         std::string{r.body}});
    at = end;
  }
}

/// The messages that a store shows, queue by queue.
std::vector<std::string> bodies_of(const store_view& view, const local_queue& queue) {
  std::vector<std::string> bodies;
  pull_messages pull;
  pull.topic = queue.topic;
  pull.queue = queue.id;
  for (;;) {
    auto pulled = view.read(pull);
    REQUIRE(pulled);
    if (pulled->next == pull.from) return bodies;
    CHECK(for_each_record(pulled->records.span(),
                          [&](const record_view& r) { bodies.emplace_back(r.body); }));
    pull.from = pulled->next;
  }
}

/// L1-L3 and L5 of a store opened on a damaged image: it shows the first `count` of `records`, and
/// goes on behind them.
void check_shows_first(store_directory& disk, const std::vector<placed_record>& records,
                       std::size_t count) {
  auto expected_end = count == 0 ? log_position{0} : records[count - 1].end;
  std::map<local_queue, std::vector<std::string>> expected;
  for (const auto& queue : {first_queue, second_queue})
    expected[queue] = {};
  for (std::size_t i = 0; i < count; ++i)
    expected[records[i].queue].push_back(records[i].body);
  {
    auto store = open(disk);
    // Behind a blank the log goes on with the next segment, whether or not that one is there.
    CHECK((store->end() == expected_end
           || (store->end() > expected_end && store->end().value % segment_bytes == 0
               && store->end() - expected_end < segment_bytes)));
    for (const auto& [queue, bodies] : expected) {
      CHECK(bodies_of(*store->view(), queue) == bodies);
      CHECK(store->view()->bounds(queue).max.value == static_cast<std::int64_t>(bodies.size()));
      store_batch(*store, queue, 1, 10);
    }
  } // and dies again
  auto image = take_image(disk);
  auto after = records_of(image);
  REQUIRE(after.size() == count + expected.size());
  auto again = open(disk);
  for (auto& [queue, bodies] : expected) {
    bodies.push_back(after[after.size() - expected.size()].queue == queue
                       ? after[after.size() - expected.size()].body
                       : after.back().body);
    CHECK(bodies_of(*again->view(), queue) == bodies);
  }
}

/// A store whose last records lie on both sides of a segment's end, as it lies on the disk when its
/// process dies. `written`: whether queues and index had reached their files.
disk_image crashed_store(bool written) {
  memory_directory disk;
  auto store = open(disk);
  for (int i = 0; store->end().value < 2 * segment_bytes - 600; ++i)
    store_batch(*store, i % 2 == 0 ? first_queue : second_queue, 1 + i % 3, 20);
  store_batch(*store, first_queue, 2, 60);
  store_batch(*store, second_queue, 1, 200);
  store_batch(*store, first_queue, 2, 10);
  CHECK(store->end().value > 2 * segment_bytes);
  if (written) store->start_flush(true);
  return take_image(disk);
}

/// How many records end at or before `position`.
std::size_t whole_before(const std::vector<placed_record>& records, log_position position) {
  return static_cast<std::size_t>(std::count_if(
    records.begin(), records.end(), [&](const placed_record& r) { return r.end <= position; }));
}

/// Runs `body` for each byte of the last `count` records, and of a blank between them.
void for_each_last_byte(const std::vector<placed_record>& records, std::size_t count,
                        const std::function<void(log_position)>& body) {
  for (auto at = records[records.size() - count].begin; at < records.back().end; at = at + 1) {
    CAPTURE(at.value);
    body(at);
  }
}

} // namespace

TEST_CASE("L5: cut at any byte of the last records, what was whole is kept, and the log goes on") {
  for (bool written : {true, false}) {
    const auto image = crashed_store(written);
    const auto records = records_of(image);
    for_each_last_byte(records, 6, [&](log_position cut) {
      auto damaged = image;
      for (auto at = cut; damaged.contains(segment_path(at.value)); at = at + 1)
        byte_at(damaged, at) = 0;
      memory_directory disk;
      put_image(damaged, disk);
      check_shows_first(disk, records, whole_before(records, cut));
    });
  }
}

TEST_CASE("L5: a segment that was not yet made is made when the log goes on") {
  auto image = crashed_store(true);
  const auto records = records_of(image);
  image.erase(segment_path(records.back().begin.value));
  memory_directory disk;
  put_image(image, disk);
  auto first_lost = std::find_if(records.begin(), records.end(), [&](const placed_record& r) {
    return r.begin.value >= records.back().begin.value / segment_bytes * segment_bytes;
  });
  check_shows_first(disk, records, static_cast<std::size_t>(first_lost - records.begin()));
}

TEST_CASE("L5: a torn tail of foreign bytes is no message, whatever it looks like") {
  const auto image = crashed_store(true);
  const auto records = records_of(image);
  std::uint32_t noise = 12345;
  for_each_last_byte(records, 6, [&](log_position cut) {
    auto before = whole_before(records, cut);
    // Properties have no CRC: foreign bytes in their place are not told from properties.
    if (before < records.size() && cut >= records[before].properties) return;
    auto damaged = image;
    for (auto at = cut; damaged.contains(segment_path(at.value)); at = at + 1)
      byte_at(damaged, at) =
        static_cast<std::uint8_t>((noise = noise * 1664525 + 1013904223) >> 24);
    memory_directory disk;
    put_image(damaged, disk);
    check_shows_first(disk, records, before);
  });
}

TEST_CASE("L5: a log whose tail is an older life of the same bytes goes on at the right place") {
  const auto image = crashed_store(true);
  const auto records = records_of(image);
  for (std::size_t from = records.size() - 6; from < records.size(); ++from) {
    // Records of another life: whole and valid, but of another place in the log.
    auto damaged = image;
    auto target = records[from].begin;
    for (auto at = records[2].begin; at < records[6].end; at = at + 1, target = target + 1)
      if (damaged.contains(segment_path(target.value)))
        byte_at(damaged, target) =
          image.at(segment_path(at.value))[static_cast<std::size_t>(at.value % segment_bytes)];
    memory_directory disk;
    put_image(damaged, disk);
    check_shows_first(disk, records, from);
  }
}

TEST_CASE("L10: any flipped bit in a body, a length or a magic ends the log before its record") {
  const auto image = crashed_store(true);
  const auto records = records_of(image);
  for_each_last_byte(records, 6, [&](log_position at) {
    auto before = whole_before(records, at);
    if (before == records.size() || at < records[before].begin) return; // a blank
    const auto& record = records[before];
    auto inside = at - record.begin;
    constexpr std::int64_t crc_end = 12, position_begin = 28, position_end = 36, body_length = 84;
    auto body_end = body_length + 4 + static_cast<std::int64_t>(record.body.size());
    auto properties_length = record.properties - record.begin - 2;
    bool is_protected = inside < crc_end || (inside >= position_begin && inside < position_end)
                        || (inside >= body_length && inside <= body_end) // and the topic's length
                        || (inside >= properties_length && inside < properties_length + 2);
    if (!is_protected) return;
    for (int bit = 0; bit < 8; bit += 7) {
      auto damaged = image;
      byte_at(damaged, at) ^= static_cast<std::uint8_t>(1 << bit);
      memory_directory disk;
      put_image(damaged, disk);
      check_shows_first(disk, records, before);
    }
  });
}

TEST_CASE("L5: any flipped bit anywhere leaves a store that opens and takes messages") {
  const auto image = crashed_store(true);
  const auto records = records_of(image);
  for_each_last_byte(records, 6, [&](log_position at) {
    auto damaged = image;
    byte_at(damaged, at) ^= 0x10;
    memory_directory disk;
    put_image(damaged, disk);
    auto store = open(disk);
    for (const auto& queue : {first_queue, second_queue}) {
      auto before = bodies_of(*store->view(), queue).size();
      store_batch(*store, queue, 1, 10);
      CHECK(bodies_of(*store->view(), queue).size() == before + 1);
    }
  });
}

TEST_CASE("torn_log: a header that claims an offset beyond belief ends the log before it") {
  auto image = crashed_store(true);
  const auto records = records_of(image);
  auto last = records.size() - 1;
  byte_at(image, records[last].begin + 21) = 1; // of the queue offset
  memory_directory disk;
  put_image(image, disk);
  check_shows_first(disk, records, last);
}

TEST_CASE("torn_log: a topic that was deleted and made again keeps its new messages") {
  memory_directory disk;
  {
    auto store = open(disk);
    for (int i = 0; i < 9; ++i)
      store_batch(*store, first_queue, 1, 20);
    REQUIRE(store->remove_topic(first_queue.topic));
    for (int i = 0; i < 3; ++i)
      store_batch(*store, first_queue, 1, 20);
    CHECK(store->view()->bounds(first_queue).max.value == 3);
  }
  auto store = open(disk); // after a crash, with all of the log to be indexed again
  CHECK(store->view()->bounds(first_queue).max.value == 3);
  auto bodies = bodies_of(*store->view(), first_queue);
  REQUIRE(bodies.size() == 3);
  CHECK(bodies[2].starts_with("message 2"));
}

TEST_CASE("L5: an empty store and one that died before its first record open and take messages") {
  for (bool made : {false, true}) {
    memory_directory disk;
    if (made) {
      auto store = open(disk);
      store_batch(*store, first_queue, 1, 20);
      auto image = take_image(disk);
      std::fill(image.at(segment_path(0)).begin(), image.at(segment_path(0)).end(),
                std::uint8_t{0});
      memory_directory zeroed;
      put_image(image, zeroed);
      check_shows_first(zeroed, {}, 0);
    }
    memory_directory fresh;
    check_shows_first(fresh, {}, 0);
  }
}
