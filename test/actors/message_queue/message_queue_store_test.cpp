// A queue of a broker with its real store, in memory and on virtual time.

#include <doctest/doctest.h>
#include <string>
#include <string_view>
#include <vector>

#include "actors/message_queue/message_queue_actor.hpp"
#include "actors/store/cold_reader_actor.hpp"
#include "actors/store/commit_log_actor.hpp"
#include "actors/store/message_store.hpp"
#include "messages/codec/java_hash.hpp"
#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"
#include "runtime/storage/memory_directory.hpp"
#include "support/deterministic_system.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

using texts = std::vector<std::string>;

send_batch make_batch(const texts& bodies, std::string_view tag = {}) {
  byte_block::bytes drafts;
  for (const auto& body : bodies) {
    std::vector<std::uint8_t> properties;
    if (!tag.empty()) append_property(properties, "TAGS", tag);
    draft d;
    d.topic = "orders";
    d.body = body;
    d.properties = {reinterpret_cast<const char*>(properties.data()), properties.size()};
    encode_draft(drafts, d);
  }
  send_batch batch;
  batch.topic = {"orders"};
  batch.queue = {2};
  batch.count = static_cast<std::int32_t>(bodies.size());
  batch.drafts = byte_block{std::move(drafts)};
  return batch;
}

pull_messages make_pull(std::int64_t from, std::chrono::milliseconds suspend = 15s,
                        tag_filter filter = {}) {
  return {{"g"}, {"c"}, {"orders"}, {2}, {from}, 32, 1 << 18, suspend, std::move(filter)};
}

struct broker_part {
  explicit broker_part(std::optional<std::uint64_t> seed = std::nullopt) : system(seed) {
    auto opened =
      message_store::open(directory, config, {0x7F000001, 10911}, "1", system.wall_now());
    if (!opened) FAIL(sentence(opened.error()));
    std::shared_ptr<message_store> store = std::move(*opened);
    view = store->view();
    commit_log = spawn_commit_log(system.system(), placement::shared_thread, config,
                                  {store, nullptr, system.clock(), [](wall_time_ms) { return 0; }});
    cold_reader = spawn_cold_reader(system.system(), placement::shared_thread, view);
  }
  message_queue_handle spawn_queue() {
    return spawn_message_queue(
      system.system(), {},
      {{{"orders"}, {2}},
       [view = view](const pull_messages& pull) { return view->read_resident(pull); },
       commit_log,
       cold_reader,
       nullptr});
  }

  memory_directory directory;
  store_config config;
  test::deterministic_system system;
  std::shared_ptr<const store_view> view;
  commit_log_handle commit_log;
  cold_reader_handle cold_reader;
  test::probe consumer = system.spawn_probe();
};

struct fixture : broker_part {
  message_queue_handle queue = spawn_queue();

  fixture() { system.settle(); }
  send_receipt send(const texts& bodies, std::string_view tag = {}) {
    auto receipt = system.ask<send_receipt>(queue, make_batch(bodies, tag));
    REQUIRE(receipt);
    return *receipt;
  }
  auto pull(std::int64_t from, std::chrono::milliseconds suspend = 15s, tag_filter filter = {}) {
    return system.request_from<pulled_messages>(consumer, queue,
                                                make_pull(from, suspend, std::move(filter)));
  }
  static texts bodies_of(const pulled_messages& answer) {
    texts result;
    for_each_record(answer.records.span(),
                    [&](const record_view& record) { result.emplace_back(record.body); });
    return result;
  }
};

TEST_CASE_FIXTURE(fixture,
                  "O1 message_queue and store: sends one after another lie in that order") {
  for (std::int64_t i = 0; i < 20; ++i)
    CHECK(send({std::to_string(i)}).first_offset == queue_offset{i});
  auto answer = pull(5);
  REQUIRE(answer.succeeded());
  auto bodies = bodies_of(*answer.get());
  REQUIRE(bodies.size() == 15);
  CHECK(bodies.front() == "5");
  CHECK(bodies.back() == "19");
}

TEST_CASE_FIXTURE(fixture, "C13 message_queue and store: a parked pull wakes on append") {
  auto answer = pull(0);
  CHECK_FALSE(answer.done());
  send({"a", "b"});
  REQUIRE(answer.succeeded()); // no time passed
  CHECK(bodies_of(*answer.get()) == texts{"a", "b"});
  CHECK(answer.get()->next == queue_offset{2});
}

TEST_CASE_FIXTURE(fixture, "C9 message_queue and store: tags pass by their hash") {
  send({"1"}, "Aa");
  send({"2"}, "BB"); // the same hash; the client compares tags
  send({"3"}, "Ab");
  send({"4"});
  auto answer = pull(0, 0s, {{java_hash("Aa")}});
  CHECK(bodies_of(*answer.get()) == texts{"1", "2"});
  CHECK(answer.get()->next == queue_offset{4});
}

TEST_CASE_FIXTURE(fixture,
                  "C11 message_queue and store: refused messages do not stall a consumer") {
  for (int i = 0; i < 30; ++i)
    send(texts(100, "x"), "other");
  send({"y"}, "wanted");
  const tag_filter wanted{{java_hash("wanted")}};
  std::int64_t from = 0;
  for (int pulls = 0; from < 3'001; ++pulls) {
    REQUIRE(pulls < 10);
    auto answer = pull(from, 15s, wanted);
    REQUIRE(answer.succeeded());
    CHECK(answer.get()->next.value > from);
    if (answer.get()->status == pull_status::found) CHECK(bodies_of(*answer.get()) == texts{"y"});
    from = answer.get()->next.value;
  }
}

TEST_CASE_FIXTURE(fixture, "message_queue and store: bounds and times are looked up in the store") {
  send({"a"});
  system.advance(10s);
  auto late = system.wall_now();
  send({"b"});
  auto bounds = system.ask<queue_bounds>(queue, get_queue_bounds{{"orders"}, {2}});
  CHECK(bounds->max == queue_offset{2});
  CHECK(bounds->max_timestamp == late);
  auto found = system.ask<found_offset>(queue, search_offset{{"orders"}, {2}, late});
  CHECK(found->offset == queue_offset{1});
}

TEST_CASE("C13 message_queue and store: a queue made anew misses nothing that was on its way") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    broker_part part{seed};
    part.system.settle();
    // Sent through the queue's former actor, and still in the commit log's mailbox.
    caf::anon_send(part.commit_log, send_oneway{make_batch({"a"})});
    auto queue = part.spawn_queue();
    auto answer = std::make_shared<std::optional<pulled_messages>>();
    auto ask = [queue, answer](caf::event_based_actor* self) {
      self->request(queue, caf::infinite, make_pull(0))
        .then([answer](const pulled_messages& pulled) { *answer = pulled; },
              [](const caf::error&) {});
    };
    caf::anon_send(part.consumer.as<>(), test::errand{ask});
    part.system.settle(); // in an order that the seed draws; no time passes
    REQUIRE(answer->has_value());
    CHECK((*answer)->count == 1);
  }
}

} // namespace
} // namespace cafmq
