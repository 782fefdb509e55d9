#include "batching_fixture.hpp"

using namespace cafmq;
using namespace std::chrono_literals;
using cafmq::test::batch, cafmq::test::bodies_of, cafmq::test::unique_key_in,
  cafmq::test::ended_send;
using fixture = cafmq::test::batching_fixture;

TEST_CASE_FIXTURE(fixture, "D13: a retry goes to another broker and keeps the unique key") {
  sends.show(view_of({"a", "b"}, {"a", "b"}), now);
  send(1);
  auto first = next_batch();
  sends.failed(first.number, make_error(errc::system_busy), now);
  auto second = next_batch();
  CHECK(ends.empty());
  CHECK(second.broker != first.broker);
  CHECK(unique_key_in(second) == unique_key_in(first));
  sends.failed(second.number, make_error(errc::system_busy), now);
  auto third = next_batch();
  CHECK(third.broker == first.broker);
  sends.failed(third.number, make_error(errc::system_busy, "still busy"), now);
  CHECK(sends.take_batches().empty()); // 1 + retryTimesWhenSendFailed
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].sentence == "still busy");
}

TEST_CASE_FIXTURE(fixture, "send_batcher: with one broker a retry takes its next queue") {
  sends.show(view_of({"a"}, {"a"}), now);
  send(1);
  auto first = next_batch();
  sends.failed(first.number, make_error(errc::system_busy), now);
  CHECK(next_batch().request.queue != first.request.queue);
}

TEST_CASE_FIXTURE(fixture, "send_batcher: no answer but the loss of its broker makes an async send "
                           "try again") {
  sends.show(view_of({"a", "b"}, {"a", "b"}, 1), now);
  send(1, send_mode::async);
  sends.failed(next_batch().number, make_error(errc::system_busy), now);
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].code == errc::system_busy);
  send(1, send_mode::async);
  CHECK(next_batch().broker == link("b"));
  sends.show(view_of({"a", "b"}, {"a"}, 1), now);
  CHECK(ends.size() == 1);
  CHECK(next_batch().broker == link("a"));
}

TEST_CASE_FIXTURE(fixture, "D17: a one-way send is never tried twice") {
  sends.show(view_of({"a", "b"}, {"a", "b"}, 1), now);
  send(1, send_mode::oneway);
  CHECK(sends.take_batches().size() == 1);
  sends.show(view_of({"a", "b"}, {"b"}, 1), now);
  CHECK(sends.take_batches().empty());
  CHECK(sends.idle());
}

TEST_CASE_FIXTURE(fixture,
                  "send_batcher: what waits for a lost broker goes to the others, a chosen "
                  "queue waits for it") {
  sends.show(view_of({"a", "b"}, {"a", "b"}, 1), now);
  std::vector<batch> under_way;
  for (int i = 0; i < 2; ++i) {
    send(1);
    under_way.push_back(next_batch());
  }
  send(2);
  send_chosen({.queue = {{"orders"}, {"a"}, {0}}});
  sends.show(view_of({"a", "b"}, {"b"}, 1), now);
  sends.succeeded(under_way[1].number, {});
  auto at_b = next_batch();
  CHECK(at_b.broker == link("b"));
  CHECK(at_b.request.count == 3);
  CHECK(unique_key_in(at_b) == unique_key_in(under_way[0])); // the retried one goes first
  sends.succeeded(at_b.number, {});
  sends.show(view_of({"a", "b"}, {"a", "b"}, 1), now);
  CHECK(next_batch().broker == link("a"));
}

TEST_CASE_FIXTURE(fixture, "send_batcher: a chosen queue is not exchanged for another") {
  sends.show(view_of({"a", "b"}, {"a", "b"}), now);
  send_chosen({.queue = {{"orders"}, {"b"}, {1}}});
  auto sent = next_batch();
  CHECK(sent.broker == link("b"));
  CHECK(sent.request.queue.value == 1);
  sends.failed(sent.number, make_error(errc::system_busy), now);
  CHECK(sends.take_batches().empty());
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].code == errc::system_busy);
}

TEST_CASE_FIXTURE(fixture, "send_batcher: a choice that cannot be is refused at once") {
  sends.show(view_of({"a"}, {"a"}), now);
  send_chosen({.queue = {{"orders"}, {"elsewhere"}, {0}}});
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].code == errc::broker_not_exist);
  CHECK(sends.idle());
}

TEST_CASE_FIXTURE(
  fixture,
  "send_batcher: a refused batch is tried send by send, so that the bad one harms nobody") {
  sends.show(view_of({"a"}, {"a"}, 1), now);
  send(1);
  auto first = next_batch();
  send(3);
  sends.succeeded(first.number, {});
  auto common = next_batch();
  CHECK(common.request.count == 3);
  sends.failed(common.number, make_error(errc::message_illegal), now);
  int tried = 0;
  for (auto batches = sends.take_batches(); !batches.empty(); batches = sends.take_batches())
    for (const auto& alone : batches) {
      CHECK(alone.request.count == 1);
      if (++tried == 2)
        sends.failed(alone.number, make_error(errc::message_illegal), now);
      else
        sends.succeeded(alone.number, {});
    }
  CHECK(tried == 3);
  CHECK(std::count_if(ends.begin(), ends.end(),
                      [](const ended_send& end) { return end.code == errc::none; })
        == 3);
  CHECK(sends.idle());
}

TEST_CASE_FIXTURE(fixture, "send_batcher: a broker's contradiction asks for the route, once a "
                           "second") {
  sends.show(view_of({"a"}, {"a"}, 4), now);
  for (int i = 0; i < 3; ++i) {
    send(1, send_mode::async);
    sends.failed(next_batch().number, make_error(errc::topic_not_exist), now);
  }
  CHECK(sends.take_doubted_topics() == std::vector<topic_name>{{"orders"}});
  now += 1s;
  send(1, send_mode::async);
  sends.failed(next_batch().number, make_error(errc::no_permission), now);
  CHECK(sends.take_doubted_topics().size() == 1);
  send(1, send_mode::async);
  sends.failed(next_batch().number, make_error(errc::system_busy), now + 2s);
  CHECK(sends.take_doubted_topics().empty());
}

TEST_CASE_FIXTURE(fixture, "send_batcher: every send ends at its deadline, with the reason") {
  send(1);
  now += 3s;
  sends.expire(now);
  REQUIRE(ends.size() == 1);
  CHECK(ends[0].code == errc::no_name_server);
  sends.show(view_of({"a"}, {}, 1), now);
  send(1);
  now += 3s;
  sends.expire(now);
  CHECK(ends[1].code == errc::broker_not_exist);
  sends.show(view_of({"a"}, {"a"}, 1), now);
  send(1);
  CHECK(sends.take_batches().size() == 1);
  now += 3s;
  sends.expire(now);
  CHECK(ends[2].code == errc::request_timeout);
  sends.show(missing_topic(), now);
  send(1);
  CHECK(ends[3].code == errc::topic_not_exist);
  auto read_only = view_of({"a"}, {"a"}, 1);
  read_only.read_queues = std::exchange(read_only.write_queues, {});
  sends.show(read_only, now);
  send(1);
  now += 3s;
  sends.expire(now);
  CHECK(ends[4].code == errc::no_permission);
  CHECK(sends.idle());
}

TEST_CASE_FIXTURE(fixture, "send_batcher: sends of one batch end each at its own deadline") {
  sends.show(view_of({"a"}, {"a"}, 1), now);
  send(1);
  auto first = next_batch();
  send(1);
  now += 2s;
  send(1);
  sends.succeeded(first.number, {});
  auto common = next_batch();
  CHECK(common.request.count == 2);
  now += 1s;
  sends.expire(now);
  REQUIRE(ends.size() == 2);
  CHECK(ends[1].code == errc::request_timeout);
  sends.succeeded(common.number, {send_status::send_ok, {40}, {0}, 0});
  REQUIRE(ends.size() == 3);
  CHECK(ends[2].results[0].queue_offset() == 41); // behind the one that was not waited for
  CHECK(sends.idle());
}

TEST_CASE_FIXTURE(fixture, "send_batcher: a broker that stopped answering is passed over until it "
                           "answers, and not fed without bound") {
  sends.show(view_of({"a", "b"}, {"a", "b"}, 1), now);
  send(1);
  auto unanswered = next_batch();
  now += 3s;
  sends.expire(now);
  for (int i = 0; i < 4; ++i) {
    send(1);
    auto sent = next_batch();
    CHECK(sent.broker != unanswered.broker);
    sends.succeeded(sent.number, {});
  }
  send_chosen({.queue = {{"orders"}, {"a"}, {0}}});
  CHECK(sends.take_batches().empty());
  sends.succeeded(unanswered.number, {}); // it was only slow
  CHECK(next_batch().broker == unanswered.broker);
  CHECK(ends.size() == 5);
}

TEST_CASE_FIXTURE(fixture, "send_batcher: an answer that never comes blocks its queue for half a "
                           "minute only") {
  sends.show(view_of({"a"}, {"a"}, 1), now);
  send(1);
  CHECK(sends.take_batches().size() == 1);
  now += 3s;
  sends.expire(now);
  now += overdue_request_max;
  send(1);
  CHECK(sends.take_batches().empty());
  sends.expire(now);
  CHECK(sends.take_batches().size() == 1);
}

TEST_CASE_FIXTURE(fixture, "send_batcher: ended sends give their room back, whatever their end") {
  auto with_room = [&] {
    auto run = one();
    run.sends.front().holds_room = true;
    return run;
  };
  auto bytes = static_cast<std::int64_t>(with_room().drafts.size());
  sends.show(view_of({"a"}, {"a"}, 1), now);
  sends.accept(with_room(), now);
  CHECK(sends.take_freed_room().messages == 0);
  sends.succeeded(next_batch().number, {});
  auto freed = sends.take_freed_room();
  CHECK(freed.messages == 1);
  CHECK(freed.bytes == bytes);
  sends.accept(with_room(), now);
  sends.expire(now + 3s);
  sends.refuse(with_room(), make_error(errc::client_closed));
  sends.accept(with_room(), now);
  CHECK(sends.abandon() == 1);
  CHECK(sends.take_freed_room().bytes == 3 * bytes);
  REQUIRE(ends.size() == 4);
  CHECK(ends[2].code == errc::client_closed);
  CHECK(ends[3].code == errc::client_closed);
  CHECK(sends.idle());
}

TEST_CASE_FIXTURE(fixture, "send_batcher: any history ends each send exactly once") {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 chance{seed};
    config.batch_bytes_max = 1'000;
    send_batcher any{config, seed};
    std::map<int, int> times_ended;
    std::vector<std::uint64_t> open;
    auto time = now;
    const std::vector<errc> refusals{errc::system_busy, errc::message_illegal,
                                     errc::topic_not_exist, errc::client_closed};
    constexpr int count = 200;
    for (int i = 0; i < count; ++i) {
      auto run = one(static_cast<send_mode>(chance() % 3));
      run.sends.front().done = [&times_ended, i](const send_outcome&) { ++times_ended[i]; };
      if (chance() % 5 == 0)
        run.sends.front().choice = std::make_unique<queue_choice>(
          queue_choice{.queue = {{"orders"}, {chance() % 2 ? "a" : "b"}, {0}}});
      any.accept(std::move(run), time);
      for (const auto& next : any.take_batches())
        open.push_back(next.number);
      while (!open.empty() && chance() % 2 == 0) {
        auto drawn = open.begin() + static_cast<std::ptrdiff_t>(chance() % open.size());
        if (chance() % 3 == 0)
          any.failed(*drawn, make_error(refusals[chance() % refusals.size()]), time);
        else
          any.succeeded(*drawn, {});
        open.erase(drawn);
      }
      switch (chance() % 12) {
        case 0: any.show(view_of({"a", "b"}, {"a"}), time); break;
        case 1: any.show(view_of({"a", "b"}, {"b"}, 1), time); break;
        case 2: any.show(view_of({"a", "b"}, {"a", "b"}), time); break;
        case 3: any.show(missing_topic(), time); break;
        case 4: any.expire(time += 1s); break;
        default: break;
      }
    }
    any.expire(time += 3s);
    CHECK(any.idle());
    CHECK(times_ended.size() == count);
    for (const auto& [send, times] : times_ended)
      CHECK(times == 1);
  }
}
