#include <doctest/doctest.h>
#include <numeric>
#include <random>

#include "actors/client/message_encoder.hpp"
#include "actors/client/send_batcher.hpp"
#include "messages/codec/record.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

namespace {

using time_point = send_batcher::time_point;

struct fixture {
  producer_config config;
  message_encoder encoder{config, 0x7F000001, unique_key_source{0x7F000001, 1, 1, 0}};
  send_batcher sends{config, 0};
  time_point now{};
  std::vector<send_outcome> outcomes;
  // Any local handle will do: the batcher only passes it on.
  broker_handle link;

  topic_view view_of(std::vector<std::string> brokers, std::vector<std::string> linked,
                     int queues = 2) const {
    topic_view view;
    view.topic = {"orders"};
    for (const auto& broker : brokers) {
      view.addresses[{broker}] = "10.0.0.1:10911";
      for (int id = 0; id < queues; ++id)
        view.write_queues.push_back({{"orders"}, {broker}, {id}});
    }
    for (const auto& broker : linked)
      view.brokers[{broker}] = link;
    return view;
  }

  outgoing one(send_mode mode = send_mode::sync, std::string body = "body") {
    auto send = encoder.encode(message{{"orders"}, std::move(body)}, 0);
    REQUIRE(send);
    send->mode = mode;
    send->done = [this](send_outcome outcome) { outcomes.push_back(std::move(outcome)); };
    return std::move(*send);
  }

  void send(int count, send_mode mode = send_mode::sync) {
    for (int i = 0; i < count; ++i)
      sends.accept(one(mode), now);
  }
};

} // namespace

TEST_CASE_FIXTURE(fixture, "send_batcher: sends wait for the view, then take the queues in turn") {
  send(4);
  CHECK(sends.take_new_topics() == std::vector<topic_name>{{"orders"}});
  CHECK(sends.take_batches().empty());
  sends.show(view_of({"a", "b"}, {"a", "b"}), now);
  auto batches = sends.take_batches();
  REQUIRE(batches.size() == 4);
  for (const auto& batch : batches)
    CHECK(batch.request.count == 1);
  CHECK(sends.take_batches().empty());
}

TEST_CASE_FIXTURE(fixture, "send_batcher: what comes while a batch is under way travels together") {
  sends.show(view_of({"a"}, {"a"}, 1), now);
  send(1);
  auto first = sends.take_batches();
  REQUIRE(first.size() == 1);
  send(50);
  CHECK(sends.take_batches().empty());
  sends.succeeded(first[0].number, {send_status::send_ok, {7}, {1000}, 5});
  auto second = sends.take_batches();
  REQUIRE(second.size() == 1);
  CHECK(second[0].request.count == 50);
  CHECK(validate_drafts(second[0].request.drafts.span(), "orders", {0}, 50, {}));
  REQUIRE(outcomes.size() == 1);
  CHECK(outcomes[0].results[0].queue_offset() == 7);
  CHECK(outcomes[0].results[0].offset_msg_id() == "0A00000100002A9F00000000000003E8");
}

TEST_CASE_FIXTURE(fixture,
                  "D14: the messages of a user's batch get consecutive offsets and positions") {
  sends.show(view_of({"a"}, {"a"}, 1), now);
  std::vector<message> batch(3, message{{"orders"}, "x"});
  auto send = encoder.encode(std::span<const message>{batch}, 0);
  REQUIRE(send);
  send->done = [this](send_outcome outcome) { outcomes.push_back(std::move(outcome)); };
  auto record_bytes = record_size(send->drafts);
  sends.accept(std::move(*send), now);
  auto batches = sends.take_batches();
  REQUIRE(batches.size() == 1);
  sends.succeeded(batches[0].number, {send_status::send_ok, {10}, {0}, 5});
  REQUIRE(outcomes[0].results.size() == 3);
  CHECK(outcomes[0].results[2].queue_offset() == 12);
  CHECK(outcomes[0].results[1].offset_msg_id()
        == offset_message_id(0x0A000001, 10911, {record_bytes}));
}

TEST_CASE_FIXTURE(fixture,
                  "D13: a sync send is retried on another broker, with the same unique key") {
  sends.show(view_of({"a", "b"}, {"a", "b"}), now);
  send(1);
  auto first = sends.take_batches();
  REQUIRE(first.size() == 1);
  sends.failed(first[0].number, make_error(errc::system_busy), now);
  auto second = sends.take_batches();
  REQUIRE(second.size() == 1);
  CHECK(outcomes.empty());
  auto key = [](const send_batcher::batch& batch) {
    return std::string{check_record(batch.request.drafts.span()).record.properties};
  };
  CHECK(key(first[0]) == key(second[0])); // D13
  sends.failed(second[0].number, make_error(errc::system_busy), now);
  sends.failed(sends.take_batches().at(0).number, make_error(errc::system_busy, "still busy"), now);
  REQUIRE(outcomes.size() == 1); // 1 + retryTimesWhenSendFailed
  CHECK(sentence(outcomes[0].failure) == "still busy");
}

TEST_CASE_FIXTURE(
  fixture, "send_batcher: an async send is not retried on an answer, but when its broker is lost") {
  sends.show(view_of({"a", "b"}, {"a", "b"}, 1), now);
  send(1, send_mode::async);
  sends.failed(sends.take_batches().at(0).number, make_error(errc::system_busy), now);
  CHECK(outcomes.size() == 1);
  send(1, send_mode::async);
  auto batch = sends.take_batches().at(0);
  auto b = batch.request; // on broker b: the second in turn
  sends.show(view_of({"a", "b"}, {"a"}, 1), now);
  CHECK(outcomes.size() == 1);
  CHECK(sends.take_batches().size() == 1);
}

TEST_CASE_FIXTURE(fixture, "D17: a one-way send is never tried twice") {
  sends.show(view_of({"a", "b"}, {"a", "b"}, 1), now);
  send(1, send_mode::oneway);
  CHECK(sends.take_batches().size() == 1);
  sends.show(view_of({"a", "b"}, {}, 1), now);
  CHECK(sends.take_batches().empty());
  CHECK(sends.idle());
}

TEST_CASE_FIXTURE(fixture, "send_batcher: a chosen queue is not exchanged for another") {
  sends.show(view_of({"a", "b"}, {"a", "b"}), now);
  auto send = one();
  send.chosen = {{"orders"}, {"b"}, {1}};
  sends.accept(std::move(send), now);
  auto batch = sends.take_batches().at(0);
  CHECK(batch.request.queue.value == 1);
  sends.failed(batch.number, make_error(errc::system_busy), now);
  CHECK(sends.take_batches().empty());
  REQUIRE(outcomes.size() == 1);
  CHECK(code_of(outcomes[0].failure) == errc::system_busy);
}

TEST_CASE_FIXTURE(fixture, "send_batcher: one key always takes one queue") {
  sends.show(view_of({"a", "b"}, {"a", "b"}, 4), now);
  std::set<std::pair<std::string, int>> used;
  for (int i = 0; i < 20; ++i) {
    auto send = one();
    send.sharding_key = "customer 7";
    sends.accept(std::move(send), now);
    for (auto& batch : sends.take_batches()) {
      used.insert({batch.request.topic.value, batch.request.queue.value});
      sends.succeeded(batch.number, {});
    }
  }
  CHECK(used.size() == 1);
}

TEST_CASE_FIXTURE(
  fixture,
  "send_batcher: a refused batch is tried send by send, so that the bad one harms nobody") {
  sends.show(view_of({"a"}, {"a"}, 1), now);
  send(1);
  auto first = sends.take_batches().at(0);
  send(3);
  sends.succeeded(first.number, {});
  auto common = sends.take_batches().at(0);
  CHECK(common.request.count == 3);
  sends.failed(common.number, make_error(errc::message_illegal), now);
  int accepted = 0;
  for (int i = 0; i < 3; ++i) {
    auto alone = sends.take_batches().at(0);
    CHECK(alone.request.count == 1);
    if (i == 1)
      sends.failed(alone.number, make_error(errc::message_illegal), now);
    else
      sends.succeeded(alone.number, {}), ++accepted;
  }
  CHECK(outcomes.size() == 4);
  CHECK(accepted == 2);
  CHECK(sends.idle());
}

TEST_CASE_FIXTURE(fixture, "send_batcher: every send ends at its deadline, with the reason") {
  send(1);
  now += 3s;
  sends.expire(now);
  REQUIRE(outcomes.size() == 1);
  CHECK(code_of(outcomes[0].failure) == errc::no_name_server);
  sends.show(view_of({"a"}, {}, 1), now);
  send(1);
  now += 3s;
  sends.expire(now);
  CHECK(code_of(outcomes[1].failure) == errc::broker_not_exist);
  sends.show(view_of({"a"}, {"a"}, 1), now);
  send(1);
  CHECK(sends.take_batches().size() == 1);
  now += 3s;
  sends.expire(now);
  CHECK(code_of(outcomes[2].failure) == errc::request_timeout);
  topic_view missing;
  missing.topic = {"orders"};
  missing.problem = static_cast<std::uint8_t>(errc::topic_not_exist);
  sends.show(missing, now);
  send(1);
  CHECK(code_of(outcomes[3].failure) == errc::topic_not_exist);
  CHECK(sends.idle());
}

TEST_CASE_FIXTURE(fixture,
                  "O1: whatever answers come when, sends to one queue leave in their order") {
  std::mt19937 chance{7};
  config.batch_bytes_max = 400;
  send_batcher small{config, 0};
  small.show(view_of({"a"}, {"a"}, 1), now);
  std::vector<std::string> sent;
  std::vector<std::uint64_t> open;
  auto pump = [&] {
    for (auto& batch : small.take_batches()) {
      open.push_back(batch.number);
      for_each_record(batch.request.drafts.span(),
                      [&](const record_view& r) { sent.emplace_back(r.body); });
    }
  };
  for (int i = 0; i < 500; ++i) {
    small.accept(one(send_mode::async, std::to_string(i)), now);
    pump();
    if (!open.empty() && chance() % 2 == 0) {
      small.succeeded(open.front(), {});
      open.erase(open.begin());
      pump();
    }
  }
  while (!open.empty()) {
    small.succeeded(open.front(), {});
    open.erase(open.begin());
    pump();
  }
  CHECK(small.idle());
  REQUIRE(sent.size() == 500);
  for (int i = 0; i < 500; ++i)
    CHECK(sent[static_cast<std::size_t>(i)] == std::to_string(i));
}
