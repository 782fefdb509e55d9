#include <doctest/doctest.h>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "actors/store/message_store.hpp"
#include "runtime/storage/file_directory.hpp"
#include "runtime/storage/store_dump.hpp"
#include "runtime/storage/store_inspection.hpp"
#include "support/child_process.hpp"
#include "support/store_stage.hpp"

using namespace cafmq;
using cafmq::test::batch_of;

namespace {

constexpr wall_time_ms now = 1'700'000'000'000;

enum class ending : std::uint8_t { stop, kill };

struct fixture {
  ::test::temporary_directory place;
  store_config config;

  fixture() {
    config.mapped_file_size_commit_log = 64 * 1024;
    config.mapped_file_size_consume_queue = 20 * 10;
    config.max_hash_slot_num = 50;
    config.max_index_num = 200;
  }

  std::string path() const { return place / "store"; }

  /// What one broker does on the store.
  void run(ending how, const std::function<void(message_store&)>& work) {
    file_directory directory{path()};
    auto store = message_store::open(directory, config, {0x7F000001, 10911}, "1", now);
    if (!store) FAIL(sentence(store.error()));
    work(**store);
    if (how == ending::stop) {
      REQUIRE((*store)->close());
    }
  }

  static void send(message_store& store, const std::string& topic, int from, int to) {
    for (int i = from; i < to; ++i) {
      REQUIRE(store.append(batch_of(topic, 0, {"body " + std::to_string(i)}), now));
      REQUIRE(store.commit());
      store.publish(now);
    }
  }

  /// How many messages of each topic a dump shows.
  std::map<std::string, int> dumped() {
    std::map<std::string, int> counts;
    dump_watch watch;
    watch.on_message = [&](const record_view& record) { ++counts[std::string{record.topic}]; };
    REQUIRE(dump_store(path(), watch));
    return counts;
  }

  std::map<std::string, std::int64_t> dumped_ends() {
    std::map<std::string, std::int64_t> ends;
    dump_watch watch;
    watch.on_queue = [&](const dumped_queue& queue) {
      ends[queue.queue.topic.value] += queue.max.value;
    };
    REQUIRE(dump_store(path(), watch));
    return ends;
  }

  /// The store is without fault.
  void check_sound() {
    auto summary = verify_store(path(), {[](const finding& found) { MESSAGE(found.text); }, {}});
    REQUIRE(summary);
    CHECK(summary->faults == 0);
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "store_inspection, store_dump: messages of a deleted topic are neither "
                           "missed nor shown") {
  auto begin = [](message_store& store) {
    send(store, "bills", 0, 3);
    send(store, "orders", 0, 15);
    send(store, "bills", 3, 6);
    REQUIRE(store.remove_topic({"orders"}));
    send(store, "bills", 6, 9);
  };
  SUBCASE("after a stop") { run(ending::stop, begin); }
  SUBCASE("after a crash and a recovery, which leaves them out of the index, too") {
    run(ending::kill, begin);
    run(ending::stop, [](message_store&) {});
  }
  check_sound();
  CHECK(dumped() == std::map<std::string, int>{{"bills", 9}});
  CHECK(dumped_ends() == std::map<std::string, std::int64_t>{{"bills", 9}});
  // Made again, and still empty.
  file_directory directory{path()};
  REQUIRE(directory.write_small("config/topics.json", R"({"topicConfigTable":{"orders":{}}})"));
  check_sound();
  CHECK(dumped() == std::map<std::string, int>{{"bills", 9}});
  CHECK(dumped_ends() == std::map<std::string, std::int64_t>{{"bills", 9}, {"orders", 0}});
}

TEST_CASE_FIXTURE(fixture,
                  "store_inspection, store_dump: of a topic that was made again the new messages "
                  "count") {
  run(ending::stop, [](message_store& store) {
    send(store, "orders", 0, 15);
    REQUIRE(store.remove_topic({"orders"}));
    send(store, "orders", 0, 4);
  });
  check_sound();
  CHECK(dumped() == std::map<std::string, int>{{"orders", 4}});
  CHECK(dumped_ends() == std::map<std::string, std::int64_t>{{"orders", 4}});
}

TEST_CASE_FIXTURE(fixture,
                  "store_inspection, store_dump: a deletion that a crash cut short counts") {
  log_position end;
  run(ending::stop, [&](message_store& store) {
    send(store, "orders", 0, 15);
    send(store, "bills", 0, 3);
    end = store.end();
  });
  topic_deletions begun;
  begun.log_ends["orders"] = end;
  file_directory directory{path()};
  REQUIRE(directory.write_small("config/deletedTopics.json", write_deletions_json(begun)));
  check_sound();
  CHECK(dumped() == std::map<std::string, int>{{"bills", 3}});
  CHECK(dumped_ends() == std::map<std::string, std::int64_t>{{"bills", 3}});
  REQUIRE(directory.write_small("config/deletedTopics.json", "{"));
  auto summary = verify_store(path(), {});
  REQUIRE(summary);
  CHECK(summary->faults == 1);
}
