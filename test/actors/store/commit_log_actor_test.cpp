#include <algorithm>
#include <doctest/doctest.h>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "actors/log.hpp"
#include "actors/store/commit_log_actor.hpp"
#include "support/deterministic_system.hpp"
#include "support/faulty_directory.hpp"
#include "support/store_stage.hpp"

using namespace cafmq;
using namespace std::chrono_literals;
using test::batch_of;
using test::numbered;

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
    start();
  }
  void start() {
    auto opened = message_store::open(directory, config, {0x7F000001, 10911}, "1", 1000);
    REQUIRE(opened);
    std::shared_ptr<message_store> store = std::move(*opened);
    view = store->view();
    log = spawn_commit_log(system.system(), placement::shared_thread, config,
                           {std::move(store), counters, [] { return wall_time_ms{1000}; },
                            [](wall_time_ms) { return 12; }});
    system.settle();
  }
  /// The power fails, and the broker starts again.
  void cut_power() {
    system.kill(log);
    directory.lose_unsynced();
    start();
  }
  std::vector<std::string> bodies(int queue = 0) const {
    return test::bodies_in(*view, "orders", queue);
  }
  std::int64_t stored() const { return view->bounds({{"orders"}, {0}}).max.value; }
  caf::expected<send_receipt> send(const send_batch& batch) {
    return system.ask<send_receipt>(log, batch);
  }
};

/// The events of all log lines while it lives.
struct heard_lines {
  std::vector<std::string> events;

  heard_lines() {
    log::set_sink(
      [this](log::level, std::string_view event, std::string_view) { events.emplace_back(event); });
  }
  ~heard_lines() { log::set_sink({}); }
  heard_lines(const heard_lines&) = delete;

  auto count(std::string_view event) const {
    return std::count(events.begin(), events.end(), event);
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

TEST_CASE("L6: a stop waits for the flush under way; when that fails, the store is not clean") {
  stage s{flush_disk_type::async_flush};
  REQUIRE(s.send(batch_of("orders", 1, {"first"})));
  REQUIRE(s.send(batch_of("orders", 0, {"second"})));
  s.system.advance(s.config.flush_consume_queue_thorough_interval - 1s);
  s.directory.now.syncs_fail_below = "consumequeue/orders/1";
  s.directory.now.on_sync = [&] { caf::anon_send_exit(s.log, caf::exit_reason::user_shutdown); };
  s.system.advance(1s); // the thorough flush
  s.directory.now = {};
  CHECK(s.directory.read_small("abort")->has_value());
  s.cut_power();
  CHECK(s.bodies(1) == std::vector<std::string>{"first"});
  CHECK(s.bodies(0) == std::vector<std::string>{"second"});
}

TEST_CASE("L6: a stop during a flush that succeeds is clean, and syncs what the flush had taken") {
  stage s{flush_disk_type::async_flush};
  REQUIRE(s.send(batch_of("orders", 1, {"first"})));
  REQUIRE(s.send(batch_of("orders", 0, {"second"})));
  s.system.advance(s.config.flush_consume_queue_thorough_interval - 1s);
  s.directory.now.on_sync = [&] { caf::anon_send_exit(s.log, caf::exit_reason::user_shutdown); };
  s.system.advance(1s); // the thorough flush
  s.directory.now = {};
  CHECK_FALSE(s.directory.read_small("abort")->has_value());
  s.cut_power();
  CHECK(s.bodies(1) == std::vector<std::string>{"first"});
  CHECK(s.bodies(0) == std::vector<std::string>{"second"});
}

TEST_CASE("commit_log: a flusher that dies is replaced, and keeps the log from no end") {
  for (bool stops : {false, true}) {
    CAPTURE(stops);
    stage s{flush_disk_type::async_flush};
    REQUIRE(s.send(batch_of("orders", 0, {"x"})));
    bool dies = true;
    s.directory.now.on_sync = [&] {
      if (!std::exchange(dies, false)) return;
      if (stops) caf::anon_send_exit(s.log, caf::exit_reason::user_shutdown);
      throw std::runtime_error{"out of memory"};
    };
    s.system.advance(s.config.flush_commit_log_thorough_interval); // the flush that it dies of
    CHECK_FALSE(dies);
    CHECK(s.directory.read_small("abort")->has_value() != stops);
    s.system.advance(s.config.flush_commit_log_thorough_interval);
    s.directory.now = {};
    s.cut_power();
    CHECK(s.bodies() == std::vector<std::string>{"x"});
  }
}

TEST_CASE("commit_log: the disk is not probed into an open burst that has been written in part") {
  stage s{flush_disk_type::async_flush};
  REQUIRE(s.send(batch_of("orders", 0, numbered(0, 1))));
  auto somebody = s.system.spawn_probe();
  // The flush fails while two batches wait for the log, of which the second goes on to a new
  // segment and so writes the first; then it is time to look after the disk.
  s.directory.now.syncs_fail = true;
  s.directory.now.on_sync = [&, done = false]() mutable {
    if (std::exchange(done, true)) return;
    auto log = caf::actor_cast<caf::actor>(s.log);
    caf::anon_send(somebody.as(), test::errand{[log](caf::event_based_actor* self) {
                     self->send(log, flush_store{});
                   }});
    caf::anon_send(log, send_oneway{batch_of("orders", 0, numbered(1, 25))});
    caf::anon_send(log, send_oneway{batch_of("orders", 0, numbered(25, 49))});
  };
  s.system.advance(s.config.flush_commit_log_thorough_interval);
  s.directory.now = {};
  CHECK(s.bodies() == numbered(0, 49));
  s.system.advance(1s); // probed now
  REQUIRE(s.send(batch_of("orders", 0, numbered(49, 50))));
  s.system.kill(s.log);
  s.start(); // after a crash
  CHECK(s.bodies() == numbered(0, 50));
}

TEST_CASE("commit_log: a store that refuses says so once, whatever is sent meanwhile") {
  heard_lines lines;
  stage s{flush_disk_type::async_flush};
  const auto too_long = batch_of("orders", 0, {std::string(5'000, 'x')});
  CHECK(code_of(s.send(too_long).error()) == errc::message_illegal);
  CHECK(lines.events.empty());
  REQUIRE(s.send(batch_of("orders", 0, {"x"})));
  s.directory.now.bytes_left = 3;
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(s.send(batch_of("orders", 0, {"refused"})));
    s.system.send(s.log, send_oneway{batch_of("orders", 0, {"refused"})});
  }
  CHECK(lines.count("burst-refused") == 1);
  CHECK(lines.count("store-refuses") == 1);
  s.directory.now.bytes_left = -1;
  s.system.advance(2s);
  CHECK(lines.count("store-accepts") == 1);
  CHECK(lines.events.size() == 3);
}

TEST_CASE("D3: four dirty pages are on the disk after flushIntervalCommitLog") {
  stage s{flush_disk_type::async_flush};
  for (int i = 0; i < 150; ++i)
    REQUIRE(s.send(batch_of("orders", 0, numbered(i, i + 1))));
  s.system.advance(s.config.flush_interval_commit_log);
  REQUIRE(s.send(batch_of("orders", 0, {"later"})));
  s.cut_power();
  CHECK(s.bodies() == numbered(0, 150));
}

TEST_CASE("D3: fewer dirty pages are on the disk after flushCommitLogThoroughInterval") {
  stage s{flush_disk_type::async_flush};
  REQUIRE(s.send(batch_of("orders", 0, numbered(0, 1))));
  s.system.advance(s.config.flush_commit_log_thorough_interval);
  REQUIRE(s.send(batch_of("orders", 0, {"later"})));
  s.cut_power();
  CHECK(s.bodies() == numbered(0, 1));
}

TEST_CASE("D3, D21: a log that never idles flushes and looks at its disk in time") {
  stage s{flush_disk_type::sync_flush};
  REQUIRE(s.send(batch_of("orders", 0, {"first"})));
  bool once = false;
  s.directory.now.on_sync = [&] { // a sync that takes a minute, while another send comes
    if (std::exchange(once, true)) return;
    caf::anon_send(s.log, batch_of("orders", 0, {"meanwhile"}));
    s.system.pass_under_way(s.config.flush_consume_queue_thorough_interval);
    s.directory.now.used_percent = 95;
  };
  REQUIRE(s.send(batch_of("orders", 0, {"slow"})));
  CHECK(s.bodies() == std::vector<std::string>{"first", "slow", "meanwhile"});
  CHECK_FALSE(s.system.ask<store_status>(s.log, get_store_status{})->accepts_messages);
  CHECK(s.directory.files("consumequeue/orders/0")->size() == 1); // by the thorough flush
}

TEST_CASE("L11: under SYNC_FLUSH nothing can be read before it is synced") {
  stage s{flush_disk_type::sync_flush};
  std::vector<std::int64_t> seen;
  s.directory.now.on_sync = [&] { seen.push_back(s.stored()); };
  for (int i = 0; i < 3; ++i)
    REQUIRE(s.send(batch_of("orders", 0, {"x"})));
  CHECK(seen == std::vector<std::int64_t>{0, 1, 2});
  s.directory.now.syncs_fail = true;
  CHECK_FALSE(s.send(batch_of("orders", 0, {"refused"})));
  CHECK(s.stored() == 3);
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

TEST_CASE("L8: the minimum never goes back, over retention, crashes and clean restarts") {
  test::store_stage<test::faulty_directory> s;
  s.config.file_reserved_time = std::chrono::hours{0};
  s.open();
  std::int64_t last = 0;
  auto look = [&] {
    auto min = s.store->view()->bounds({{"orders"}, {0}}).min.value;
    CHECK(min >= last);
    last = min;
  };
  for (int round = 0; round < 6; ++round) {
    for (int i = 0; i < 40; ++i) {
      s.send(batch_of("orders", 0, {"x"}));
      look();
    }
    s.flush(true);
    REQUIRE(s.store->clean(s.now, 4));
    look();
    if (round % 2 == 0) REQUIRE(s.store->close());
    s.open();
    look();
  }
  CHECK(last > 100);
}
