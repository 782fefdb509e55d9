#include "batching_fixture.hpp"

using namespace cafmq;
using namespace std::chrono_literals;
using cafmq::test::batch, cafmq::test::bodies_of, cafmq::test::unique_key_in;
using fixture = cafmq::test::batching_fixture;

TEST_CASE_FIXTURE(fixture, "send_batcher: sends wait for the view, then take the queues in turn") {
  send(3);
  CHECK(sends.take_new_topics() == std::vector<topic_name>{{"orders"}});
  CHECK(sends.take_batches().empty());
  sends.show(view_of({"a", "b"}, {"a", "b"}), now);
  std::set<broker_handle> brokers;
  for (const auto& sent : sends.take_batches()) {
    CHECK(sent.request.count == 1);
    brokers.insert(sent.broker);
  }
  CHECK(brokers.size() == 2);
  CHECK(sends.take_batches().empty());
}

TEST_CASE_FIXTURE(fixture, "send_batcher: single sends go round all queues of all masters") {
  sends.show(view_of({"a", "b"}, {"a", "b"}, 4), now);
  std::map<std::pair<broker_handle, int>, int> used;
  for (int i = 0; i < 80; ++i) {
    send(1);
    auto sent = next_batch();
    ++used[{sent.broker, sent.request.queue.value}];
    sends.succeeded(sent.number, {});
  }
  CHECK(used.size() == 8);
  for (const auto& [queue, count] : used)
    CHECK(count == 10);
}

TEST_CASE_FIXTURE(fixture, "send_batcher: sends that come together share requests, and spread all "
                           "the same") {
  sends.show(view_of({"a", "b"}, {"a", "b"}, 2), now);
  send_together(4 * sends_per_turn_max);
  auto batches = sends.take_batches();
  REQUIRE(batches.size() == 4);
  for (const auto& sent : batches)
    CHECK(sent.request.count == sends_per_turn_max);
}

TEST_CASE_FIXTURE(fixture, "send_batcher: what comes while a batch is under way travels together") {
  sends.show(view_of({"a"}, {"a"}, 1), now);
  send(1);
  auto first = next_batch();
  send(50);
  CHECK(sends.take_batches().empty());
  sends.succeeded(first.number, {send_status::send_ok, {7}, {1000}, 5});
  auto second = next_batch();
  CHECK(second.request.count == 50);
  CHECK(validate_drafts(second.request.drafts.span(), "orders", 50, {}));
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].results[0].queue_offset() == 7);
  CHECK(ends[0].results[0].offset_msg_id() == "0A00000100002A9F00000000000003E8");
  CHECK(ends[0].results[0].msg_id() == unique_key_in(first));
  sends.succeeded(second.number, {send_status::flush_disk_timeout, {8}, {2000}, 5});
  REQUIRE(ends.size() == 51);
  CHECK(ends[50].results[0].queue_offset() == 57);
  CHECK(ends[50].results[0].status() == send_status::flush_disk_timeout);
}

TEST_CASE_FIXTURE(fixture,
                  "send_batcher: a broker has a few requests at once, a queue a second one "
                  "only when it is full") {
  config.batch_bytes_max = 400; // two drafts
  send_batcher small{config, 0};
  small.show(view_of({"a"}, {"a"}, 1), now);
  for (int i = 0; i < 9; ++i)
    small.accept(one(), now);
  auto batches = small.take_batches();
  REQUIRE(batches.size() == batches_in_flight_max);
  CHECK(batches[0].request.count == 2);
  small.succeeded(batches[0].number, {});
  CHECK(small.take_batches().size() == 1);

  sends.show(view_of({"a"}, {"a"}, 8), now);
  for (int id = 0; id < 8; ++id)
    send_chosen({.queue = {{"orders"}, {"a"}, {id}}});
  CHECK(sends.take_batches().size() == requests_in_flight_max);
}

TEST_CASE_FIXTURE(fixture, "send_batcher: beside many sends under way a few wait for each other, "
                           "beside a few they do not") {
  const int many = 4 * static_cast<int>(under_way_for_one);
  sends.show(view_of({"a"}, {"a"}, 4), now);
  send_together(many);
  auto under_way = sends.take_batches();
  REQUIRE(under_way.size() == 2); // as full as a turn makes them
  send(3);
  CHECK(sends.take_batches().empty());
  send(1);
  CHECK(next_batch().request.count == 4); // worth a request beside so many
  for (const auto& sent : under_way)
    sends.succeeded(sent.number, {});
  send(1);
  CHECK(next_batch().request.count == 1);
}

TEST_CASE_FIXTURE(fixture, "send_batcher: a send waits for those before it only, however many keep "
                           "coming behind") {
  sends.show(view_of({"a"}, {"a"}, 8), now);
  auto many_to = [&](int queue) {
    for (int i = 0; i < 20; ++i)
      send_chosen({.queue = {{"orders"}, {"a"}, {queue}}});
    return next_batch();
  };
  send(1);
  sends.succeeded(next_batch().number, {}); // turns queue 0's turn into queue 1's
  auto before = many_to(6);
  send(1);
  CHECK(sends.take_batches().empty());
  many_to(7);
  sends.succeeded(before.number, {});
  CHECK(next_batch().request.count == 1);
}

TEST_CASE_FIXTURE(fixture, "send_batcher: nobody waits for sends that have timed out") {
  sends.show(view_of({"a"}, {"a"}, 4), now);
  send_together(static_cast<int>(sends_per_turn_max));
  CHECK(sends.take_batches().size() == 1);
  send(1);
  CHECK(sends.take_batches().empty());
  now += config.send_msg_timeout;
  sends.expire(now); // the broker has not answered
  send(1);
  CHECK(next_batch().request.count == 1);
}

TEST_CASE_FIXTURE(fixture,
                  "send_batcher: sends whose queue is chosen wait for nobody, nor do those "
                  "of another topic") {
  sends.show(view_of({"a", "b"}, {"a", "b"}, 8), now);
  send_together(4 * static_cast<int>(sends_per_turn_max));
  CHECK(sends.take_batches().size() == 4);
  send(1);
  CHECK(sends.take_batches().empty());
  send_chosen({.queue = {{"orders"}, {"a"}, {7}}});
  CHECK(next_batch().request.count == 1);
  auto elsewhere = view_of({"a", "b"}, {"a", "b"});
  elsewhere.topic = {"payments"};
  for (auto& queue : elsewhere.write_queues)
    queue.topic = {"payments"};
  sends.show(elsewhere, now);
  auto run = one();
  run.topic = {"payments"};
  sends.accept(std::move(run), now);
  CHECK(next_batch().request.count == 1);
}

TEST_CASE_FIXTURE(fixture, "D14: a user's batch stays whole and gets consecutive offsets") {
  sends.show(view_of({"a"}, {"a"}, 1), now);
  send(1);
  auto before = next_batch();
  send(2);
  std::vector<message> messages(3, message{{"orders"}, "x"});
  auto run = encoder.encode(std::span<const message>{messages}, 0);
  REQUIRE(run);
  watch_end(run->sends.front());
  auto record_bytes = record_size(run->drafts);
  sends.accept(std::move(*run), now);
  send(1);
  sends.succeeded(before.number, {});
  auto sent = next_batch();
  CHECK(bodies_of(sent) == std::vector<std::string>{"body", "body", "x", "x", "x", "body"});
  auto body_bytes = record_size(sent.request.drafts.span());
  sends.succeeded(sent.number, {send_status::send_ok, {10}, {0}, 5});
  REQUIRE(ends.size() == 5);
  const auto& of_batch = ends[3].results;
  REQUIRE(of_batch.size() == 3);
  CHECK(of_batch[0].queue_offset() == 12);
  CHECK(of_batch[2].queue_offset() == 14);
  CHECK(of_batch[1].offset_msg_id()
        == offset_message_id(0x0A000001, 10911, {2 * body_bytes + record_bytes}));
  CHECK(ends[4].results[0].queue_offset() == 15);
}

TEST_CASE_FIXTURE(fixture, "D16: sends that need not wait for the disk do not travel with those "
                           "that do") {
  sends.show(view_of({"a"}, {"a"}, 1), now);
  send(1);
  auto first = next_batch();
  send(2);
  message quick{{"orders"}, "quick"};
  quick.set("WAIT", "false");
  auto run = encoder.encode(quick, 0);
  sends.accept(std::move(*run), now);
  sends.succeeded(first.number, {});
  auto waited_for = next_batch();
  CHECK(waited_for.request.wait_store);
  CHECK(waited_for.request.count == 2);
  sends.succeeded(waited_for.number, {});
  CHECK_FALSE(next_batch().request.wait_store);
}

TEST_CASE_FIXTURE(fixture, "send_batcher: with no broker linked sends wait for one, in order") {
  sends.show(view_of({"a"}, {}, 1), now);
  sends.accept(one(send_mode::sync, "first"), now);
  sends.accept(one(send_mode::sync, "second"), now);
  CHECK(sends.take_batches().empty());
  sends.show(view_of({"a"}, {"a"}, 1), now);
  CHECK(bodies_of(next_batch()) == std::vector<std::string>{"first", "second"});
}

TEST_CASE_FIXTURE(fixture, "send_batcher: what waits for a queue that is gone takes another") {
  sends.show(view_of({"a"}, {"a"}, 2), now);
  send(2);
  auto under_way = sends.take_batches();
  send(2);
  sends.show(view_of({"a"}, {"a"}, 1), now);
  for (const auto& sent : under_way)
    sends.succeeded(sent.number, {});
  auto last = next_batch();
  CHECK(last.request.queue.value == 0);
  CHECK(last.request.count == 2);
}

TEST_CASE_FIXTURE(fixture, "send_batcher: one key always takes one queue") {
  sends.show(view_of({"a", "b"}, {"a", "b"}, 4), now);
  std::set<std::pair<broker_handle, int>> used;
  for (int i = 0; i < 20; ++i) {
    send_chosen({.key = "customer 7"});
    auto sent = next_batch();
    used.insert({sent.broker, sent.request.queue.value});
    sends.succeeded(sent.number, {});
  }
  CHECK(used.size() == 1);
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
    for (auto& next : small.take_batches()) {
      open.push_back(next.number);
      for (auto& body : bodies_of(next))
        sent.push_back(std::move(body));
    }
  };
  auto answer_one = [&] {
    small.succeeded(open.front(), {});
    open.erase(open.begin());
    pump();
  };
  for (int i = 0; i < 500; ++i) {
    small.accept(one(send_mode::async, std::to_string(i)), now);
    pump();
    if (!open.empty() && chance() % 2 == 0) answer_one();
  }
  while (!open.empty())
    answer_one();
  CHECK(small.idle());
  REQUIRE(sent.size() == 500);
  for (int i = 0; i < 500; ++i)
    CHECK(sent[static_cast<std::size_t>(i)] == std::to_string(i));
}
