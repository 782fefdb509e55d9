#include <doctest/doctest.h>

#include "actors/store/commit_log_actor.hpp"
#include "support/deterministic_system.hpp"
#include "support/faulty_directory.hpp"
#include "support/store_stage.hpp"

using namespace cafmq;
using namespace std::chrono_literals;
using test::batch_of;

namespace {

struct stage {
  test::deterministic_system system;
  test::faulty_directory directory;
  store_config config = test::store_stage<test::faulty_directory>{}.config;
  std::shared_ptr<broker_counters> counters = std::make_shared<broker_counters>();
  std::shared_ptr<const store_view> view;
  commit_log_handle log;

  explicit stage(flush_disk_type flush) {
    config.flush_disk = flush;
    auto opened = message_store::open(directory, config, {0x7F000001, 10911}, "1", 1000);
    REQUIRE(opened);
    std::shared_ptr<message_store> store = std::move(*opened);
    view = store->view();
    log = spawn_commit_log(system.system(), placement::shared_thread, config,
                           {std::move(store), counters, [] { return wall_time_ms{1000}; },
                            [](wall_time_ms) { return 12; }});
    system.settle();
  }
  std::int64_t stored() const { return view->bounds({{"orders"}, {0}}).max.value; }
  caf::expected<send_receipt> send(const send_batch& batch) {
    return system.ask<send_receipt>(log, batch);
  }
};

} // namespace

TEST_CASE("commit_log: sends that wait together are one burst with one sync") {
  stage s{flush_disk_type::sync_flush};
  auto before = s.directory.syncs();
  std::vector<test::pending<send_receipt>> answers;
  auto sender = s.system.spawn_probe();
  s.system.send_from(sender, s.log, watch_queue{{{"orders"}, {0}}});
  for (int i = 0; i < 20; ++i)
    REQUIRE(s.send(batch_of("orders", 0, {"body " + std::to_string(i)})));
  CHECK(s.stored() == 20);
  CHECK(s.counters->messages_in == 20);
  CHECK(s.directory.syncs() - before <= 20);
  auto told = sender.last<queue_advanced>();
  REQUIRE(told);
  CHECK(told->max.value == 20);
}

TEST_CASE("D16: under SYNC_FLUSH a message with WAIT=false is answered without a sync") {
  stage s{flush_disk_type::sync_flush};
  auto batch = batch_of("orders", 0, {"x"});
  batch.wait_store = false;
  auto before = s.directory.syncs();
  REQUIRE(s.send(batch));
  CHECK(s.directory.syncs() == before);
  REQUIRE(s.send(batch_of("orders", 0, {"y"})));
  CHECK(s.directory.syncs() > before);
}

TEST_CASE(
  "D5: a sync that takes too long is answered FLUSH_DISK_TIMEOUT, and the message is stored once") {
  stage s{flush_disk_type::sync_flush};
  auto& clock =
    dynamic_cast<caf::scheduler::test_coordinator&>(s.system.system().scheduler()).clock();
  s.directory.now.on_sync = [&] { clock.current_time += 6s; };
  auto receipt = s.send(batch_of("orders", 0, {"slow"}));
  REQUIRE(receipt);
  CHECK(receipt->status == send_status::flush_disk_timeout);
  CHECK(s.stored() == 1);
}

TEST_CASE("D17: a one-way send is stored and answers nothing") {
  stage s{flush_disk_type::async_flush};
  s.system.send(s.log, send_oneway{batch_of("orders", 0, {"x"})});
  CHECK(s.stored() == 1);
}

TEST_CASE("D12: an unwell disk refuses sends with the reason, and is accepted again by itself") {
  stage s{flush_disk_type::async_flush};
  REQUIRE(s.send(batch_of("orders", 0, {"x"})));
  s.directory.now.bytes_left = 3;
  auto refused = s.send(batch_of("orders", 0, {"refused"}));
  REQUIRE_FALSE(refused);
  CHECK(code_of(refused.error()) == errc::service_not_available);
  CHECK(s.stored() == 1);
  s.directory.now.bytes_left = -1;
  s.system.advance(2s);
  CHECK(s.send(batch_of("orders", 0, {"y"})));
  CHECK(s.stored() == 2);
}

TEST_CASE("L6: the commit log's end is clean: everything is synced and the abort file is gone") {
  stage s{flush_disk_type::async_flush};
  REQUIRE(s.send(batch_of("orders", 0, {"x"})));
  s.system.kill(s.log, caf::exit_reason::user_shutdown);
  s.directory.lose_unsynced();
  CHECK_FALSE(s.directory.read_small("abort")->has_value());
  auto again = message_store::open(s.directory, s.config, {}, "1", 1000);
  REQUIRE(again);
  CHECK((*again)->view()->bounds({{"orders"}, {0}}).max.value == 1);
}

TEST_CASE("L11: under SYNC_FLUSH nothing can be read before it is synced") {
  test::store_stage<test::faulty_directory> s;
  REQUIRE(s.store->append(batch_of("orders", 0, {"x"}), s.now));
  REQUIRE(s.store->commit());
  CHECK(s.bodies("orders", 0).empty());
  REQUIRE(s.store->sync());
  CHECK(s.bodies("orders", 0).empty());
  s.store->publish(s.now);
  CHECK(s.bodies("orders", 0).size() == 1);
}

TEST_CASE("L7, L8: store times and maxima never go back, whatever the clock does") {
  test::store_stage<test::faulty_directory> s;
  wall_time_ms last = 0;
  for (int i = 0; i < 20; ++i) {
    s.now = 1000 + (i * 7919) % 500;
    auto receipt = s.send(batch_of("orders", 0, {"x"}), true);
    CHECK(receipt.store_timestamp >= last);
    CHECK(receipt.first_offset.value == i);
    last = receipt.store_timestamp;
    if (i % 5 == 4) s.open();
  }
}
