// The stores that Apache RocketMQ's brokers wrote: each opens, shows what Apache's own client read
// from its broker, line by line of its manifest, is appended to, and opens again.

#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fstream>
#include <set>
#include <utility>

#include "actors/store/message_store.hpp"
#include "messages/codec/metadata_json.hpp"
#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"
#include "messages/codec/sha256.hpp"
#include "messages/received_message.hpp"
#include "runtime/storage/file_directory.hpp"
#include "runtime/storage/store_inspection.hpp"
#include "support/golden_store.hpp"

using namespace cafmq;
using nlohmann::json;

namespace {

constexpr wall_time_ms now = 1'795'400'000'000; // after the newest message of the stores

store_config golden_config() {
  store_config config;
  config.mapped_file_size_commit_log = 262'144;
  config.mapped_file_size_consume_queue = 4'000;
  config.max_hash_slot_num = 500;
  config.max_index_num = 400;
  return config;
}

/// A golden store under our writer.
class opened_store {
public:
  explicit opened_store(const std::string& path) : directory_(path) {
    auto opened = message_store::open(directory_, golden_config(), {0x7F000001, 10911}, "", now);
    REQUIRE_MESSAGE(opened, path);
    store_ = std::move(*opened);
  }

  message_store& store() { return *store_; }
  const store_view& view() const { return *store_->view(); }

private:
  file_directory directory_;
  std::unique_ptr<message_store> store_;
};

local_queue queue_of(const json& line) {
  return {{line["topic"].get<std::string>()}, {line["queueId"].get<std::int32_t>()}};
}

std::vector<json> lines_of(const std::vector<json>& manifest, const std::string& kind) {
  std::vector<json> lines;
  std::copy_if(manifest.begin(), manifest.end(), std::back_inserter(lines),
               [&](const json& line) { return line["kind"] == kind; });
  return lines;
}

std::vector<received_message> messages_in(const byte_block& records) {
  std::vector<received_message> messages;
  for (std::size_t at = 0; at < records.size();) {
    messages.emplace_back(records, static_cast<std::uint32_t>(at), nullptr);
    at += static_cast<std::size_t>(record_size(records.span().subspan(at)));
  }
  return messages;
}

/// All messages of a queue, pulled as a consumer pulls them.
std::vector<received_message> pull_all(const store_view& view, const local_queue& queue) {
  std::vector<received_message> messages;
  pull_messages pull;
  pull.topic = queue.topic;
  pull.queue = queue.id;
  pull.from = view.bounds(queue).min;
  for (;;) {
    auto pulled = view.read(pull);
    REQUIRE(pulled);
    if (pulled->status != pull_status::found) return messages;
    auto found = messages_in(pulled->records);
    CHECK(static_cast<std::int32_t>(found.size()) == pulled->count);
    messages.insert(messages.end(), found.begin(), found.end());
    pull.from = pulled->next;
  }
}

/// A message as a manifest has it.
json line_of(const received_message& m, const local_queue& queue) {
  auto body = m.body();
  return {
    {"kind", "message"},
    {"topic", queue.topic.value},
    {"queueId", m.queue_id()},
    {"queueOffset", m.queue_offset()},
    {"commitLogOffset", m.commit_log_offset()},
    {"storeSize", m.store_size()},
    {"bodyCrc", m.body_crc()},
    {"sysFlag", m.sys_flag()},
    {"flag", m.flag()},
    {"bornTimestamp", m.born_timestamp()},
    {"storeTimestamp", m.store_timestamp()},
    {"bornHost", m.born_host()},
    {"offsetMsgId", m.offset_msg_id()},
    {"reconsumeTimes", m.reconsume_times()},
    {"preparedTransactionOffset", m.prepared_transaction_offset()},
    {"bodyLength", body.size()},
    {"bodySha256", sha256_hex({reinterpret_cast<const std::uint8_t*>(body.data()), body.size()})},
    {"properties", m.properties()}};
}

void check_bounds_and_messages(const store_view& view, const std::vector<json>& manifest) {
  std::map<local_queue, std::vector<json>> expected;
  for (const auto& line : lines_of(manifest, "message"))
    expected[queue_of(line)].push_back(line);
  for (const auto& line : lines_of(manifest, "queue")) {
    auto queue = queue_of(line);
    CAPTURE(line.dump());
    auto bounds = view.bounds(queue);
    CHECK(bounds.min.value == line["minOffset"]);
    CHECK(bounds.max.value == line["maxOffset"]);
    auto messages = pull_all(view, queue);
    CHECK(static_cast<std::int64_t>(messages.size()) == bounds.max - bounds.min);
    auto lines = std::exchange(expected[queue], {});
    expected.erase(queue);
    // Of 4.9.7, Apache's client could not read the queues of transactions.
    if (lines.empty() && queue.topic.value.starts_with("RMQ_SYS_TRANS")) continue;
    REQUIRE(messages.size() == lines.size());
    for (std::size_t i = 0; i < lines.size(); ++i) {
      // Apache's client 5 clears the bit of compression in what it hands out.
      if ((messages[i].sys_flag() & sys_flag::compressed) != 0)
        lines[i]["sysFlag"] = lines[i]["sysFlag"].get<int>() | sys_flag::compressed;
      CHECK(line_of(messages[i], queue) == lines[i]);
      CHECK(messages[i].body_problem().empty());
    }
  }
  CHECK(expected.empty()); // no message of the manifest is left over
}

/// RocketMQ 5 answers the smallest offset whose store time is not before the asked time, as we do;
/// 4.9 the neighbour nearer in time.
void check_offsets_by_time(const store_view& view, const std::vector<json>& manifest,
                           bool is_nearest) {
  std::map<local_queue, std::vector<std::int64_t>> times;
  for (const auto& line : lines_of(manifest, "message"))
    times[queue_of(line)].push_back(line["storeTimestamp"]);
  for (const auto& line : lines_of(manifest, "offsetByTime")) {
    CAPTURE(line.dump());
    auto queue = queue_of(line);
    auto time = line["timestamp"].get<wall_time_ms>();
    auto expected = line["offset"].get<std::int64_t>();
    auto found = view.search(queue, time, time_boundary::lower).value;
    if (!is_nearest || found == expected) {
      CHECK(found == expected);
      continue;
    }
    const auto& stored = times[queue];
    auto lower = std::lower_bound(stored.begin(), stored.end(), time) - stored.begin();
    CHECK(found == lower);
    auto distance = [&](std::int64_t offset) {
      auto last = static_cast<std::int64_t>(stored.size()) - 1;
      return std::abs(stored[static_cast<std::size_t>(std::min(offset, last))] - time);
    };
    CHECK(distance(expected) <= distance(found));
  }
}

void check_queries(const store_view& view, const std::vector<json>& manifest) {
  for (const auto& line : lines_of(manifest, "queryByKey")) {
    CAPTURE(line.dump());
    query_messages query;
    query.topic = {line["topic"].get<std::string>()};
    query.key = line["key"].get<std::string>();
    query.count_max = 64;
    std::set<std::string> places;
    if (auto found = view.query(query))
      for (const auto& message : messages_in(found->records)) {
        auto keys = " " + std::string{message.keys()} + " ";
        if (keys.find(" " + query.key + " ") != std::string::npos
            || message.property(property::unique_key) == query.key)
          places.insert(std::to_string(message.queue_id()) + ":"
                        + std::to_string(message.queue_offset()));
      }
    CHECK(places == line["found"].get<std::set<std::string>>());
  }
}

void check_committed_offsets(const std::string& path, const std::vector<json>& manifest) {
  auto offsets = read_offsets_json(test::read_file(path + "/config/consumerOffset.json"));
  REQUIRE(offsets);
  for (const auto& line : lines_of(manifest, "committedOffset")) {
    CAPTURE(line.dump());
    auto queue = queue_of(line);
    group_topic owner{queue.topic, {line["group"].get<std::string>()}};
    REQUIRE(offsets->offsets.contains(owner));
    CHECK(offsets->offsets[owner][queue.id].value == line["offset"]);
  }
}

/// Every key of the store finds its messages: more than the manifests asked for.
void check_all_unique_keys(const store_view& view, const std::vector<json>& manifest) {
  for (const auto& line : lines_of(manifest, "message")) {
    if (!line["properties"].contains("UNIQ_KEY")) continue;
    query_messages query;
    query.topic = {line["topic"].get<std::string>()};
    query.key = line["properties"]["UNIQ_KEY"].get<std::string>();
    query.count_max = 64;
    auto found = view.query(query);
    REQUIRE_MESSAGE(found, line.dump());
    auto messages = messages_in(found->records);
    CHECK(std::any_of(messages.begin(), messages.end(), [&](const received_message& m) {
      return m.commit_log_offset() == line["commitLogOffset"];
    }));
  }
}

void check_manifest(const store_view& view, const std::string& name) {
  auto manifest = test::golden_manifest(name);
  check_bounds_and_messages(view, manifest);
  check_offsets_by_time(view, manifest, name.find("4.9.7") != std::string::npos);
  check_queries(view, manifest);
  check_all_unique_keys(view, manifest);
}

void check_without_fault(const std::string& path) {
  auto summary = verify_store(path, {[](const finding& found) {
                                       if (found.weight == finding::severity::fault)
                                         FAIL_CHECK(found.text);
                                     },
                                     {}});
  REQUIRE(summary);
  CHECK(summary->faults == 0);
}

send_batch batch_of(const local_queue& queue, const std::vector<std::string>& bodies) {
  std::vector<std::uint8_t> drafts, properties;
  append_property(properties, "KEYS", "appended");
  append_property(properties, "TAGS", "TagA");
  for (const auto& body : bodies) {
    draft d;
    d.topic = queue.topic.value;
    d.born_timestamp = now;
    d.body = body;
    d.properties = {reinterpret_cast<const char*>(properties.data()), properties.size()};
    encode_draft(drafts, d);
  }
  send_batch batch;
  batch.topic = queue.topic;
  batch.queue = queue.id;
  batch.count = static_cast<std::int32_t>(bodies.size());
  batch.drafts = byte_block{std::move(drafts)};
  return batch;
}

/// Stores messages of up to 20 KB, so that the log goes on into new segments.
void append_messages(message_store& store, const local_queue& queue, int count) {
  for (int i = 0; i < count; ++i) {
    auto batch =
      batch_of(queue, {std::string(static_cast<std::size_t>(1 + 997 * i % 20'000), 'a'), "second"});
    auto receipt = store.append(batch, now + i);
    REQUIRE(receipt);
    if (i % 3 == 2 || i + 1 == count) { // several batches a burst
      REQUIRE(store.commit());
      REQUIRE(store.sync());
      store.publish(now + i);
    }
  }
}

} // namespace

TEST_CASE("golden stores: every line of the manifests is what our store shows, and stays so") {
  for (const auto& name : test::golden_stores) {
    CAPTURE(name);
    test::golden_store golden{name};
    check_without_fault(golden.path());
    {
      opened_store opened{golden.path()};
      check_manifest(opened.view(), name);
      check_committed_offsets(golden.path(), test::golden_manifest(name));
      REQUIRE(opened.store().close());
    }
    check_without_fault(golden.path());
    opened_store again{golden.path()};
    check_manifest(again.view(), name);
  }
}

TEST_CASE("golden stores: are appended to, across segments, and open again with all of it") {
  for (const auto& name : test::golden_stores)
    for (bool clean : {true, false}) {
      CAPTURE(name);
      CAPTURE(clean);
      test::golden_store golden{name};
      const local_queue known{{"GoldenNormal"}, {2}}, fresh{{"Appended"}, {0}};
      std::int64_t before = 0;
      log_position end;
      {
        opened_store opened{golden.path()};
        before = opened.view().bounds(known).max.value;
        append_messages(opened.store(), known, 30);
        append_messages(opened.store(), fresh, 30);
        end = opened.store().end();
        CHECK(opened.view().bounds(known).max.value == before + 60);
        if (clean) REQUIRE(opened.store().close());
      }
      check_without_fault(golden.path());
      opened_store again{golden.path()};
      CHECK(again.store().end() == end);
      CHECK(again.view().bounds(known).max.value == before + 60);
      CHECK(again.view().bounds(fresh).max.value == 60);
      auto manifest = test::golden_manifest(name);
      for (auto& line : manifest) // the one queue that grew
        if (line["kind"] == "queue" && queue_of(line) == known) line["maxOffset"] = before + 60;
      auto messages = pull_all(again.view(), known);
      REQUIRE(messages.size() == static_cast<std::size_t>(before + 60));
      CHECK(messages.back().body() == "second");
      CHECK(messages.back().offset_msg_id().starts_with("7F00000100002A9F"));
      check_queries(again.view(), manifest);
      check_all_unique_keys(again.view(), manifest);
      query_messages query;
      query.topic = known.topic;
      query.key = "appended";
      query.count_max = 64;
      auto found = again.view().query(query);
      REQUIRE(found);
      CHECK(found->count == 60);
    }
}

TEST_CASE(
  "L5: a store of Apache's broker, torn in its last records, opens without them and goes on") {
  const std::string name = "rocketmq-5.5.0-killed";
  auto manifest = test::golden_manifest(name);
  auto messages = lines_of(manifest, "message");
  std::sort(messages.begin(), messages.end(), [](const json& a, const json& b) {
    return a["commitLogOffset"] < b["commitLogOffset"];
  });
  auto begin_of = [&](std::size_t back) {
    return messages[messages.size() - back]["commitLogOffset"].get<std::int64_t>();
  };
  for (auto cut = begin_of(3); cut < begin_of(1) + 300; cut += 41) {
    CAPTURE(cut);
    test::golden_store golden{name};
    {
      std::fstream segment{golden / "commitlog/00000000000000262144",
                           std::ios::binary | std::ios::in | std::ios::out};
      segment.seekp(cut - 262'144);
      std::vector<char> zeros(static_cast<std::size_t>(2 * 262'144 - cut));
      segment.write(zeros.data(), static_cast<std::streamsize>(zeros.size()));
    }
    std::size_t lost = cut < begin_of(2) ? 3 : cut < begin_of(1) ? 2 : 1;
    const local_queue queue{{"GoldenOrder"}, {3}};
    {
      opened_store opened{golden.path()};
      CHECK(opened.store().end().value == begin_of(lost));
      CHECK(opened.store().recovered().end.value == begin_of(lost));
      for (std::size_t back = 1; back <= lost; ++back)
        CHECK_FALSE(opened.view().view_message({begin_of(back)}));
      append_messages(opened.store(), queue, 2);
    } // and dies
    check_without_fault(golden.path());
    {
      opened_store again{golden.path()};
      CHECK(pull_all(again.view(), queue).back().body() == "second");
      REQUIRE(again.store().close());
    }
    check_without_fault(golden.path());
  }
}
