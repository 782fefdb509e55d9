#include <algorithm>
#include <cstdlib>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>
#include <unistd.h>

#include "messages/codec/big_endian.hpp"
#include "messages/codec/record.hpp"
#include "messages/errors.hpp"
#include "runtime/storage/stopped_store.hpp"
#include "runtime/storage/store_dump.hpp"
#include "runtime/storage/store_inspection.hpp"
#include "support/golden_store.hpp"

using namespace cafmq;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string clean_store = "rocketmq-5.5.0-clean-stop";
const std::string killed_store = "rocketmq-5.5.0-killed";
constexpr std::int64_t segment_bytes = 262'144;

struct inspected {
  store_summary summary;
  std::vector<std::string> faults, notes;
};

inspected inspect(const std::string& directory) {
  inspected result;
  auto summary = verify_store(
    directory, {[&](const finding& found) {
                  (found.weight == finding::severity::fault ? result.faults : result.notes)
                    .push_back(found.text);
                },
                {}});
  REQUIRE(summary);
  result.summary = *summary;
  CHECK(summary->faults == static_cast<std::int64_t>(result.faults.size()));
  for (const auto& text : result.faults)
    INFO(text);
  return result;
}

/// Whether exactly one fault was found, and it says all of `parts`.
bool only_fault_says(const inspected& result, const std::vector<std::string>& parts) {
  for (const auto& text : result.faults)
    MESSAGE(text);
  if (result.faults.size() != 1) return false;
  for (const auto& part : parts)
    if (result.faults[0].find(part) == std::string::npos) return false;
  return true;
}

/// Overwrites bytes of a file.
void patch(const std::string& path, std::int64_t at, const std::vector<std::uint8_t>& bytes) {
  std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
  REQUIRE(file.good());
  file.seekp(at);
  file.write(reinterpret_cast<const char*>(bytes.data()),
             static_cast<std::streamsize>(bytes.size()));
}

void flip(const std::string& path, std::int64_t at) {
  auto content = test::read_file(path);
  auto byte = static_cast<std::uint8_t>(content.at(static_cast<std::size_t>(at)));
  patch(path, at, {static_cast<std::uint8_t>(byte ^ 0x10)});
}

std::string segment(const test::golden_store& store, int number) {
  auto name = std::to_string(number * segment_bytes);
  return store / ("commitlog/" + std::string(20 - name.size(), '0') + name);
}

/// Everything in a directory that reading must not change.
std::map<std::string, std::pair<std::string, fs::file_time_type>>
snapshot(const std::string& directory) {
  std::map<std::string, std::pair<std::string, fs::file_time_type>> files;
  for (const auto& entry : fs::recursive_directory_iterator{directory})
    files[entry.path().string()] = {entry.is_regular_file() ? test::read_file(entry.path().string())
                                                            : "",
                                    entry.last_write_time()};
  return files;
}

} // namespace

TEST_CASE("store_inspection: stores of Apache's brokers are without fault, and stay as they are") {
  for (const auto& name : test::golden_stores) {
    CAPTURE(name);
    test::golden_store store{name};
    auto before = snapshot(store.path());
    auto result = inspect(store.path());
    for (const auto& text : result.faults)
      FAIL_CHECK(text);
    for (const auto& text : result.notes)
      MESSAGE(text);
    CHECK(result.summary.ended_in_order == (name != killed_store));
    CHECK(result.summary.segments == (name == killed_store ? 3 : 2)); // the third is made ahead
    CHECK(result.summary.queues == 25);
    CHECK(result.summary.records == result.summary.units);
    CHECK(result.summary.index_entries > 1000);
    CHECK(snapshot(store.path()) == before);
  }
}

TEST_CASE("store_dump: shows what Apache's client read from the broker, line by line") {
  for (const auto& name : test::golden_stores) {
    CAPTURE(name);
    test::golden_store store{name};
    auto before = snapshot(store.path());
    std::map<std::pair<std::string, int>, json> queues;
    std::map<std::int64_t, json> messages;
    dump_watch watch;
    watch.on_queue = [&](const dumped_queue& queue) {
      queues[{queue.queue.topic.value, queue.queue.id.value}] = json::parse(queue_dump_line(queue));
    };
    watch.on_message = [&](const record_view& record) {
      CHECK_FALSE(message_dump_row(record).empty());
      messages[record.position.value] = json::parse(message_dump_line(record));
    };
    watch.inspection.on_finding = [](const finding& found) { MESSAGE(found.text); };
    auto count = dump_store(store.path(), watch);
    REQUIRE(count);
    std::size_t expected_messages = 0;
    for (const auto& line : test::golden_manifest(name)) {
      if (line["kind"] == "queue") {
        auto dumped = queues.find({line["topic"], line["queueId"]});
        if (dumped != queues.end())
          CHECK(dumped->second == line);
        else
          CHECK(line["topic"] == "%DLQ%golden_retry_group"); // never made: no file knows it
      } else if (line["kind"] == "message") {
        ++expected_messages;
        auto dumped = messages[line["commitLogOffset"].get<std::int64_t>()];
        // Apache's client 5 clears the bit of compression in what it hands out.
        auto expected = line;
        if (dumped["storeSize"] < dumped["bodyLength"])
          expected["sysFlag"] = expected["sysFlag"].get<int>() | sys_flag::compressed;
        CHECK(dumped == expected);
        messages.erase(line["commitLogOffset"].get<std::int64_t>());
      }
    }
    // Of 4.9.7 the client could not read the queues of transactions.
    CHECK(messages.size() == (name.find("4.9.7") != std::string::npos ? 20 : 0));
    for (const auto& [position, message] : messages)
      CHECK(message["topic"].get<std::string>().starts_with("RMQ_SYS_TRANS"));
    CHECK(*count == static_cast<std::int64_t>(expected_messages + messages.size()));
    CHECK(snapshot(store.path()) == before);
  }
}

TEST_CASE("store_dump: needs neither consume queues nor a topic table") {
  test::golden_store store{clean_store};
  std::map<std::pair<std::string, int>, std::pair<std::int64_t, std::int64_t>> whole, bare;
  auto dump_to = [&](auto& bounds) {
    dump_watch watch;
    watch.on_queue = [&](const dumped_queue& queue) {
      if (queue.max.value > 0)
        bounds[{queue.queue.topic.value, queue.queue.id.value}] = {queue.min.value,
                                                                   queue.max.value};
    };
    REQUIRE(dump_store(store.path(), watch));
  };
  dump_to(whole);
  fs::remove_all(store / "consumequeue");
  fs::remove_all(store / "config");
  dump_to(bare);
  CHECK(whole.size() == 25);
  CHECK(whole == bare);
}

TEST_CASE("store_inspection: a damaged body inside the log is found, after a crash, too") {
  for (const auto& name : test::golden_stores) {
    for (int number : {0, 1}) {
      test::golden_store store{name};
      flip(segment(store, number), 100); // in the body of the first record
      auto result = inspect(store.path());
      REQUIRE(result.faults.size() >= 1);
      CHECK(result.faults[0].find(segment(store, number) + " at 0") != std::string::npos);
      CHECK(result.faults[0].find("is damaged, though whole ones follow") != std::string::npos);
      CHECK(result.summary.log_end.value == number * segment_bytes);
    }
  }
}

TEST_CASE("store_inspection: a torn last record is a fault after a stop in order, and no more than "
          "a note after a crash") {
  for (const auto& name : {clean_store, killed_store}) {
    test::golden_store store{name};
    auto whole = inspect(store.path()).summary;
    std::int64_t last = 0;
    dump_watch watch;
    watch.on_message = [&](const record_view& record) { last = record.position.value; };
    REQUIRE(dump_store(store.path(), watch));
    constexpr std::int64_t torn_at = 86; // in the length of the body
    patch(
      segment(store, static_cast<int>(last / segment_bytes)), last % segment_bytes + torn_at,
      std::vector<std::uint8_t>(static_cast<std::size_t>(whole.log_end.value - last - torn_at)));
    auto torn = inspect(store.path());
    CHECK(torn.summary.log_end.value == last);
    CHECK(torn.summary.records == whole.records - 1);
    CHECK(torn.faults.empty() == (name == killed_store));
    CHECK(torn.notes.size() >= 1);
  }
}

TEST_CASE("store_inspection: a unit that disagrees with its record is named with file and place") {
  auto queue_file = [](const test::golden_store& store) {
    return store / "consumequeue/GoldenNormal/1/00000000000000000000";
  };
  struct damage {
    std::int64_t at;
    std::vector<std::uint8_t> bytes;
    std::string said;
  };
  constexpr std::int64_t unit = 7 * 20;
  for (const auto& [at, bytes, said] :
       {damage{unit + 11, {1}, "states a size of"}, damage{unit + 16, {1, 2, 3, 4}, "tags code"},
        damage{unit + 7, {0xFF}, "where no record is"}}) {
    test::golden_store store{clean_store};
    patch(queue_file(store), at, bytes);
    CHECK(only_fault_says(inspect(store.path()), {"unit 7 of queue 1 of topic GoldenNormal",
                                                  queue_file(store) + " at 140", said}));
  }
  test::golden_store store{clean_store};
  auto content = test::read_file(queue_file(store));
  patch(queue_file(store), unit, {content.begin() + 8 * 20, content.begin() + 9 * 20});
  CHECK(
    only_fault_says(inspect(store.path()), {"where message 8 of queue 1 of topic GoldenNormal"}));
}

TEST_CASE("store_inspection: messages that are in no queue are found") {
  for (const auto& name : {clean_store, killed_store}) {
    test::golden_store store{name};
    auto path = store / "consumequeue/GoldenNormal/2/00000000000000000000";
    patch(path, 148 * 20, std::vector<std::uint8_t>(2 * 20));
    auto lacking = inspect(store.path());
    if (name == clean_store)
      CHECK(only_fault_says(lacking, {"queue 2 of topic GoldenNormal", "last 2", "offset 148"}));
    else
      CHECK(lacking.faults.empty()); // a start indexes them again
    CHECK(lacking.notes.size() == (name == killed_store ? 1 : 0));
    patch(path, 30 * 20, std::vector<std::uint8_t>(20)); // a hole: nothing repairs that
    CHECK(inspect(store.path()).faults.size() >= 1);
  }
}

TEST_CASE("store_inspection: a record that states another position or a wrong offset is found") {
  for (std::int64_t field : {20, 28}) { // queue offset, log position
    test::golden_store store{clean_store};
    patch(segment(store, 1), field + 7, {0xEE});
    auto result = inspect(store.path());
    REQUIRE(result.faults.size() >= 1);
    CHECK(result.faults[0].find("commitlog/00000000000000262144 at 0") != std::string::npos);
  }
}

TEST_CASE("store_inspection: a blank that does not cover the rest of its segment is found") {
  test::golden_store store{clean_store};
  auto content = test::read_file(segment(store, 0));
  std::int64_t at = 0;
  std::span<const std::uint8_t> bytes{reinterpret_cast<const std::uint8_t*>(content.data()),
                                      content.size()};
  while (check_record(bytes.subspan(static_cast<std::size_t>(at))).kind == record_kind::valid)
    at += record_size(bytes.subspan(static_cast<std::size_t>(at)));
  std::vector<std::uint8_t> shorter(4);
  store_big_endian(shorter.data(), static_cast<std::int32_t>(segment_bytes - at - 1));
  patch(segment(store, 0), at, shorter);
  CHECK(only_fault_says(inspect(store.path()), {"blank", "at " + std::to_string(at)}));
}

TEST_CASE("store_inspection: the key index is checked by itself and against the log") {
  auto index_file = [](const test::golden_store& store, bool first) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator{store / "index"})
      names.insert(entry.path().string());
    return first ? *names.begin() : *names.rbegin();
  };
  constexpr std::int64_t slots = 500, entry_bytes = 20, entries_at = 40 + 4 * slots;
  for (auto field : {3, 11, 15, 19}) { // hash, position, seconds, chain
    CAPTURE(field);
    test::golden_store store{clean_store};
    patch(index_file(store, true), entries_at + 5 * entry_bytes + field, {0xEE});
    CHECK(inspect(store.path()).faults.size() >= 1);
  }
  {
    test::golden_store store{clean_store};
    patch(index_file(store, true), 40 + 3, {0xEE}); // the first slot
    CHECK(inspect(store.path()).faults.size() >= 1);
  }
  test::golden_store cut{clean_store}, killed{killed_store};
  fs::remove(index_file(cut, false));
  fs::remove(index_file(killed, false));
  CHECK(only_fault_says(inspect(cut.path()), {"the key index lacks keys of the last"}));
  CHECK(inspect(killed.path()).faults.empty());
  fs::remove_all(killed / "index"); // a broker without index is none at fault
  CHECK(inspect(killed.path()).faults.empty());
}

TEST_CASE("store_inspection: missing, foreign and short files are named") {
  {
    test::golden_store store{killed_store};
    fs::remove(segment(store, 1));
    CHECK(inspect(store.path()).faults[0].find("files are missing") != std::string::npos);
  }
  {
    test::golden_store store{clean_store};
    fs::resize_file(segment(store, 1), 1000);
    CHECK(inspect(store.path()).faults[0].find("has 1000 bytes") != std::string::npos);
  }
  {
    test::golden_store store{clean_store};
    std::ofstream{store / "commitlog/notes.txt"} << "x";
    std::ofstream{store / "config/topics.json"} << "{";
    fs::resize_file(store / "checkpoint", 8);
    auto result = inspect(store.path());
    REQUIRE(result.faults.size() == 3);
    CHECK(result.faults[0].find("notes.txt") != std::string::npos);
    CHECK(result.faults[1].find("checkpoint") != std::string::npos);
    CHECK(result.faults[2].find("topics.json") != std::string::npos);
  }
}

TEST_CASE("store_inspection: a store under a running broker, or none at all, is refused") {
  test::golden_store store{clean_store};
  auto lock = ::open((store / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  REQUIRE(lock >= 0);
  CHECK(verify_store(store.path(), {}));
  struct flock held {};
  held.l_type = F_WRLCK;
  held.l_whence = SEEK_SET;
  held.l_len = 1;
  REQUIRE(::fcntl(lock, F_OFD_SETLK, &held) == 0);
  for (const auto& error :
       {verify_store(store.path(), {}).error(), dump_store(store.path(), {}).error()}) {
    CHECK(code_of(error) == errc::store_locked);
    CHECK(sentence(error).find(store.path()) != std::string::npos);
  }
  ::close(lock);
  CHECK(verify_store(store.path(), {}));
  CHECK(code_of(verify_store(store / "config", {}).error()) == errc::store_corrupt);
  CHECK(code_of(verify_store(store / "nowhere", {}).error()) == errc::store_corrupt);
}

TEST_CASE("store_inspection: progress goes from nothing to all") {
  test::golden_store store{clean_store};
  std::vector<std::pair<std::int64_t, std::int64_t>> steps;
  REQUIRE(verify_store(store.path(), {{}, [&](std::int64_t done, std::int64_t total) {
                                        steps.emplace_back(done, total);
                                      }}));
  REQUIRE(steps.size() >= 2);
  CHECK(steps.front() == std::pair<std::int64_t, std::int64_t>{0, 2 * segment_bytes});
  CHECK(steps.back()
        == std::pair<std::int64_t, std::int64_t>{2 * segment_bytes, 2 * segment_bytes});
}

TEST_CASE("store_inspection: no damage, wherever it is, stops a check or a dump") {
  const char* given = std::getenv("CAFMQ_TEST_SEED");
  const auto seed = given ? static_cast<unsigned>(std::stoul(given)) : 2676549611U;
  MESSAGE("CAFMQ_TEST_SEED=", seed, " replays this");
  std::mt19937 random{seed};
  auto any = [&](std::size_t below) { return static_cast<std::size_t>(random() % below); };
  test::golden_store store{killed_store};
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator{store.path()})
    if (entry.is_regular_file()) files.push_back(entry.path().string());
  std::sort(files.begin(), files.end());
  for (int round = 0; round < 60; ++round) {
    const auto& path = files[any(files.size())];
    auto whole = test::read_file(path);
    auto damaged = whole;
    auto written = std::min<std::size_t>(damaged.size(), any(2) == 0 ? 200 : damaged.size());
    for (auto count = 1 + any(8); count > 0; --count)
      damaged[any(written)] = static_cast<char>(random());
    if (any(10) == 0) damaged.resize(any(damaged.size()));
    std::ofstream{path, std::ios::binary} << damaged;
    CAPTURE(path);
    std::int64_t shown = 0;
    dump_watch watch;
    watch.on_queue = [&](const dumped_queue& queue) { queue_dump_line(queue); };
    watch.on_message = [&](const record_view& record) {
      ++shown;
      CHECK(json::accept(message_dump_line(record)));
      message_dump_row(record);
    };
    auto count = dump_store(store.path(), watch);
    REQUIRE(count);
    CHECK(*count == shown);
    CHECK(verify_store(store.path(), {})->records <= 1151);
    std::ofstream{path, std::ios::binary} << whole;
  }
  CHECK(inspect(store.path()).faults.empty());
}
