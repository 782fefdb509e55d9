#include <doctest/doctest.h>

#include "actors/metadata_store/metadata_store_actor.hpp"
#include "support/deterministic_system.hpp"
#include "support/memory_files.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

struct fixture {
  test::deterministic_system system;
  std::shared_ptr<test::memory_files> disk = std::make_shared<test::memory_files>();
  metadata_store_handle store = start();

  metadata_store_handle start() {
    auto port = test::memory_files::port(disk);
    return spawn_metadata_store(system.system(), placement::shared_thread,
                                {load_metadata(port)->tables, port, system.clock()});
  }
  void restart(caf::exit_reason how) {
    system.kill(store, how);
    store = start();
  }
  void commit(std::int64_t offset) {
    system.send(store, save_offsets{{"g"}, {{{{"orders"}, {0}}, {offset}}}});
  }
  std::vector<queue_position> offsets() {
    return system.ask<committed_offsets>(store, load_offsets{{"g"}})->positions;
  }
  save_topics one_topic() {
    save_topics all{{1, 2}, {{}}};
    all.topics.front().topic = {"orders"};
    return all;
  }
};

TEST_CASE_FIXTURE(fixture, "M1 metadata_store: acknowledged topics and groups survive a crash") {
  CHECK(system.ask<metadata_saved>(store, one_topic()));
  CHECK(system.ask<metadata_saved>(store, save_group{{"g"}}));
  auto tables = load_metadata(test::memory_files::port(disk))->tables;
  CHECK(tables.topics().count({"orders"}) == 1);
  CHECK(tables.topics_version() == data_version{1, 2});
  CHECK(tables.groups().count({"g"}) == 1);
}

TEST_CASE_FIXTURE(fixture, "M1 metadata_store: what the disk refused is not acknowledged") {
  disk->is_failing = true;
  CHECK(code_of(system.ask<metadata_saved>(store, one_topic()).error()) == errc::io_error);
  CHECK(code_of(system.ask<metadata_saved>(store, save_group{{"g"}}).error()) == errc::io_error);
  disk->is_failing = false;
  CHECK(system.ask<metadata_saved>(store, save_group{{"g"}}));
  CHECK(disk->files.count(groups_file) == 1);
}

TEST_CASE_FIXTURE(fixture,
                  "C4 metadata_store: offsets are on disk after 5 s, and only when changed") {
  commit(17);
  CHECK(offsets().front().offset.value == 17);
  CHECK(disk->files.count(offsets_file) == 0);
  system.advance(5s);
  CHECK(disk->writes == 1);
  system.advance(60s);
  commit(17);
  system.advance(60s);
  CHECK(disk->writes == 1);
  commit(18);
  system.advance(4s);
  restart(caf::exit_reason::kill);
  CHECK(offsets().front().offset.value == 17);
}

TEST_CASE_FIXTURE(fixture, "metadata_store: a clean end and a flush write offsets at once") {
  commit(17);
  CHECK(system.ask<metadata_saved>(store, flush_metadata{}));
  commit(18);
  restart(caf::exit_reason::user_shutdown);
  CHECK(offsets().front().offset.value == 18);
}

TEST_CASE_FIXTURE(fixture, "metadata_store: offsets that could not be written are tried again") {
  disk->is_failing = true;
  commit(17);
  CHECK(code_of(system.ask<metadata_saved>(store, flush_metadata{}).error()) == errc::io_error);
  system.advance(5s);
  disk->is_failing = false;
  system.advance(5s);
  restart(caf::exit_reason::kill);
  CHECK(offsets().front().offset.value == 17);
}

TEST_CASE_FIXTURE(fixture, "metadata_store: a topic that is dropped takes its offsets along") {
  system.ask<metadata_saved>(store, one_topic());
  commit(17);
  system.ask<metadata_saved>(store, save_topics{{2, 2}, {}});
  CHECK(offsets().empty());
}

TEST_CASE_FIXTURE(fixture, "metadata_store: what a group forgets is forgotten on disk, too") {
  commit(17);
  system.advance(5s);
  system.send(store, forget_offsets{{"orders"}, {"g"}});
  CHECK(offsets().empty());
  system.advance(5s);
  restart(caf::exit_reason::kill);
  CHECK(offsets().empty());
}

} // namespace
} // namespace cafmq
