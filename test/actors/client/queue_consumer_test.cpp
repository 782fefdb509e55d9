#include <doctest/doctest.h>
#include <memory>

#include "actors/client/queue_consumer.hpp"
#include "actors/client/stored_records.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

namespace {

const message_queue queue{{"orders"}, {"broker-a"}, {0}};

/// A queue consumer, linked, with what it wants done.
struct stage {
  explicit stage(consumer_config config = {}, std::string_view expression = "*") {
    context.config = std::move(config);
    context.config.consumer_group = "billing";
    context.client = {"m1"};
    context.start = {context.config.from, 1'000};
    consumer =
      std::make_unique<queue_consumer>(context, queue, *subscription_expression::parse(expression));
    consumer->link(true, now, out);
  }
  void start(std::int64_t committed) {
    consumer->start({committed}, queue_consumer::committed_offset::known, now, out);
  }
  template <class T>
  std::vector<T> take() {
    std::vector<T> found;
    for (auto& effect : out)
      if (auto* one = std::get_if<T>(&effect)) found.push_back(*one);
    out.clear();
    return found;
  }
  /// The question that is open now. Pre: exactly one was asked since the last take.
  template <class Request>
  std::pair<std::int64_t, Request> asked() {
    auto questions = take<ask_about_queue>();
    REQUIRE(questions.size() == 1);
    REQUIRE(std::holds_alternative<Request>(questions[0].request));
    return {questions[0].ticket, std::get<Request>(questions[0].request)};
  }
  /// Answers the open pull with messages first..last and returns what was delivered.
  std::vector<consume_batch> pulled(std::int64_t first, std::int64_t last) {
    auto [ticket, pull] = asked<pull_messages>();
    pulled_messages answer{pull_status::found,
                           {last + 1},
                           {0},
                           {last + 1},
                           static_cast<std::int32_t>(last - first + 1),
                           test::records_between(first, last)};
    consumer->answer(ticket, answer, now, out);
    std::vector<consume_batch> batches;
    for (auto& effect : out)
      if (auto* one = std::get_if<deliver_batch>(&effect)) batches.push_back(one->batch);
    return batches;
  }
  void answer(const consume_batch& batch, std::vector<queue_offset> failed = {},
              queue_offset untried = no_offset) {
    auto what = context.deliveries.extract(batch.delivery).mapped();
    consumer->consumed(what, {batch.delivery, std::move(failed), untried, {}}, now, out);
  }
  void pass(std::chrono::milliseconds span) {
    now += span;
    consumer->tick(now, out);
  }

  queue_consumer::time_point now{1h};
  consumer_context context;
  consumer_effects out;
  std::unique_ptr<queue_consumer> consumer;
};

pulled_messages empty(pull_status status, std::int64_t next) {
  return {status, {next}, {0}, {next}, 0, {}};
}

} // namespace

TEST_CASE("queue_consumer: one pull is under way, and the next goes out before its messages do") {
  stage s;
  s.start(5);
  auto batches = s.pulled(5, 8);
  REQUIRE(batches.size() == 1);
  CHECK(batches[0].count == 4);
  auto [ticket, pull] = s.asked<pull_messages>();
  CHECK(pull.from == queue_offset{9});
  CHECK(pull.suspend == 15s);
  s.pass(1s);
  CHECK(s.take<ask_about_queue>().empty());
  CHECK(s.consumer->committable() == queue_offset{5});
  s.answer(batches[0]);
  CHECK(s.consumer->committable() == queue_offset{9});
  CHECK(s.context.bytes == 0);
}

TEST_CASE("C12 queue_consumer: a new group asks for bounds or by time, another for its offset") {
  stage first{{.from = consume_from::first_offset}};
  first.start(-1);
  auto bounds = first.asked<get_queue_bounds>();
  CHECK_FALSE(first.consumer->committable());
  first.consumer->answer(bounds.first, queue_bounds{{3}, {9}, 0, 0}, first.now, first.out);
  CHECK(first.asked<pull_messages>().second.from == queue_offset{3});

  stage time{{.from = consume_from::timestamp}};
  time.start(-1);
  auto search = time.asked<search_offset>();
  CHECK(search.second.timestamp == 1'000);
  time.consumer->answer(search.first, found_offset{{7}}, time.now, time.out);
  CHECK(time.asked<pull_messages>().second.from == queue_offset{7});

  stage assigned;
  assigned.consumer->start(no_offset, queue_consumer::committed_offset::ask, assigned.now,
                           assigned.out);
  auto fetch = assigned.asked<fetch_offsets>();
  assigned.consumer->answer(fetch.first, committed_offsets{{{{queue.topic, queue.id}, {6}}}},
                            assigned.now, assigned.out);
  CHECK(assigned.asked<pull_messages>().second.from == queue_offset{6});
}

TEST_CASE("queue_consumer: a question that fails or is not answered is asked again") {
  stage s;
  s.start(-1);
  auto first = s.asked<get_queue_bounds>();
  s.pass(4s);
  auto second = s.asked<get_queue_bounds>();
  s.consumer->answer(first.first, queue_bounds{}, s.now, s.out); // too late
  CHECK(s.consumer->stage() == queue_stage::locating);
  s.consumer->fail(second.first, errc::topic_not_exist, s.now, s.out);
  s.pass(2s);
  CHECK(s.take<ask_about_queue>().empty());
  s.pass(1s);
  auto third = s.asked<get_queue_bounds>();
  s.consumer->answer(third.first, queue_bounds{{0}, {4}, 0, 0}, s.now, s.out);
  auto pull = s.asked<pull_messages>();
  CHECK(pull.second.from == queue_offset{0});
  s.consumer->fail(pull.first, errc::system_busy, s.now, s.out);
  CHECK(s.consumer->next_event(s.now) == s.now + 20ms);
  s.pass(20ms);
  s.asked<pull_messages>();
  s.pass(30s);
  s.asked<pull_messages>();
}

TEST_CASE("queue_consumer: over a slow link less is asked for, until answers come in time") {
  stage s;
  s.start(0);
  CHECK(s.asked<pull_messages>().second.bytes_max == 256 * 1024);
  // Each unanswered pull leaves bytes at the broker that wait for the link.
  std::int64_t sum = 0;
  for (int i = 0; i < 20; ++i) {
    s.pass(30s);
    if (i == 19) break;
    sum += s.asked<pull_messages>().second.bytes_max;
  }
  CHECK(sum < 512 * 1024);
  s.pulled(0, 3);
  auto [ticket, pull] = s.asked<pull_messages>();
  CHECK(pull.bytes_max == 8 * 1024);
  s.consumer->fail(ticket, errc::system_busy, s.now, s.out);
  for (int i = 1; i < 10; ++i) {
    s.pass(20ms);
    s.pulled(4 * i, 4 * i + 3);
    ticket = s.asked<pull_messages>().first;
    s.consumer->fail(ticket, errc::system_busy, s.now, s.out);
  }
  s.pass(20ms);
  CHECK(s.asked<pull_messages>().second.bytes_max == 256 * 1024);
}

TEST_CASE("O2 queue_consumer: in order without a group, assigned queues need no lock") {
  consumer_config config{.orderly = true};
  config.sharing.strategy = "NONE";
  stage s{config};
  s.start(0);
  REQUIRE(s.pulled(0, 3).size() == 1);
}

TEST_CASE("C13 queue_consumer: empty answers are followed by the next pull, but not in a whirl") {
  stage s;
  s.start(5);
  auto pull = s.asked<pull_messages>();
  s.pass(15s);
  s.consumer->answer(pull.first, empty(pull_status::no_new_message, 5), s.now, s.out);
  pull = s.asked<pull_messages>();
  s.consumer->answer(pull.first, empty(pull_status::no_new_message, 5), s.now, s.out);
  CHECK(s.take<ask_about_queue>().empty());
  s.pass(50ms);
  pull = s.asked<pull_messages>();
  s.consumer->answer(pull.first, empty(pull_status::no_matched_message, 40), s.now, s.out);
  CHECK(s.asked<pull_messages>().second.from == queue_offset{40});
  CHECK(s.consumer->committable() == queue_offset{40}); // C11
}

TEST_CASE("C8 queue_consumer: a failed message comes again alone, the others go on") {
  stage s;
  s.start(0);
  auto batches = s.pulled(0, 9);
  s.answer(batches[0], {{3}, {7}});
  CHECK(s.consumer->committable() == queue_offset{3});
  CHECK(s.context.bytes > 0);
  s.out.clear();
  s.pass(1s);
  auto again = s.take<deliver_batch>();
  REQUIRE(again.size() == 2);
  CHECK(again[0].batch.count == 1);
  CHECK(again[0].batch.reconsume_times == 1);
  auto record = check_record(again[0].batch.bytes()).record;
  CHECK(record.offset == queue_offset{3});
  s.answer(again[0].batch, {{3}});
  s.answer(again[1].batch);
  s.pass(1s);
  CHECK(s.take<deliver_batch>().empty());
  s.pass(1s);
  again = s.take<deliver_batch>();
  REQUIRE(again.size() == 1);
  CHECK(again[0].batch.reconsume_times == 2);
  s.answer(again[0].batch);
  CHECK(s.consumer->committable() == queue_offset{10});
}

TEST_CASE("C3 queue_consumer: broadcasting drops what failed") {
  stage s{{.model = message_model::broadcasting}};
  s.start(0);
  auto batches = s.pulled(0, 9);
  s.answer(batches[0], {{3}});
  CHECK(s.consumer->committable() == queue_offset{10});
  s.out.clear();
  s.pass(10s);
  CHECK(s.take<deliver_batch>().empty());
}

TEST_CASE("queue_consumer: pulling pauses at the limits and goes on when messages are consumed") {
  stage s{{.pull_threshold_for_queue = 3}};
  s.start(0);
  auto batches = s.pulled(0, 3);
  CHECK(s.take<ask_about_queue>().empty());
  s.answer(batches[0]);
  s.asked<pull_messages>();

  stage total{{.pull_threshold_size_total = 100}};
  total.start(0);
  batches = total.pulled(0, 0); // 113 bytes
  CHECK(total.take<ask_about_queue>().empty());
  total.answer(batches[0]);
  total.asked<pull_messages>();

  stage suspended;
  suspended.context.suspended = true;
  suspended.start(0);
  CHECK(suspended.take<ask_about_queue>().empty());
}

TEST_CASE("queue_consumer: an offset behind the queue's beginning is skipped, nothing is dropped") {
  stage s;
  s.start(0);
  auto batches = s.pulled(0, 3);
  auto pull = s.asked<pull_messages>();
  s.consumer->answer(pull.first, empty(pull_status::offset_illegal, 50), s.now, s.out);
  CHECK(s.asked<pull_messages>().second.from == queue_offset{50});
  CHECK_FALSE(batches[0].wanted.revoked());
  s.answer(batches[0]);
  CHECK(s.consumer->committable() == queue_offset{50});
}

TEST_CASE("queue_consumer: an offset beyond the queue's end begins anew when listeners are done") {
  stage s;
  s.start(100);
  auto batches = s.pulled(100, 103);
  auto pull = s.asked<pull_messages>();
  s.consumer->answer(pull.first, empty(pull_status::offset_illegal, 60), s.now, s.out);
  CHECK(batches[0].wanted.revoked());
  CHECK(s.take<ask_about_queue>().empty());
  s.answer(batches[0], {}, {102});
  CHECK(s.asked<pull_messages>().second.from == queue_offset{60});
  CHECK(s.consumer->committable() == queue_offset{60});
  CHECK(s.context.bytes == 0);
}

TEST_CASE("queue_consumer: a damaged block is not consumed, but asked for again later") {
  stage s;
  s.start(0);
  auto pull = s.asked<pull_messages>();
  pulled_messages bad{pull_status::found, {1}, {0}, {1}, 1, byte_block{{1, 2, 3}}};
  s.consumer->answer(pull.first, bad, s.now, s.out);
  CHECK(s.take<report>().size() == 1);
  CHECK(s.consumer->committable() == queue_offset{0});
  s.pass(3s);
  CHECK(s.asked<pull_messages>().second.from == queue_offset{0});
}

TEST_CASE("queue_consumer: without a link nothing is asked; progress of others is taken over") {
  stage s;
  s.start(0);
  auto batches = s.pulled(0, 3);
  auto pull = s.asked<pull_messages>();
  s.consumer->link(false, s.now, s.out);
  s.consumer->answer(pull.first, empty(pull_status::no_new_message, 9), s.now, s.out);
  s.pass(60s);
  CHECK(s.take<ask_about_queue>().empty());
  s.consumer->link(true, s.now, s.out);
  CHECK(s.asked<pull_messages>().second.from == queue_offset{4});
  s.consumer->keep({0}, s.now, s.out);
  CHECK_FALSE(batches[0].wanted.revoked());
  s.consumer->keep({20}, s.now, s.out);
  CHECK(batches[0].wanted.revoked());
  s.answer(batches[0], {}, {0});
  CHECK(s.asked<pull_messages>().second.from == queue_offset{20});
}

TEST_CASE("queue_consumer: seeking waits for the running listeners, then goes on elsewhere") {
  stage s;
  s.start(50);
  auto batches = s.pulled(50, 53);
  s.out.clear();
  s.consumer->seek({10}, s.now, s.out);
  CHECK(s.take<recall_revoked>().size() == 1);
  s.answer(batches[0]);
  CHECK(s.asked<pull_messages>().second.from == queue_offset{10});
}

TEST_CASE("queue_consumer: a new assignment does not undo a seek backwards") {
  stage s;
  s.start(50);
  s.out.clear();
  s.consumer->seek({10}, s.now, s.out);
  auto batches = s.pulled(10, 13);
  s.consumer->keep({50}, s.now, s.out); // as far as the group had come before the seek
  CHECK_FALSE(batches[0].wanted.revoked());
  s.consumer->commit_sent({60});
  s.consumer->keep({60}, s.now, s.out);
  CHECK_FALSE(batches[0].wanted.revoked());
  s.consumer->keep({61}, s.now, s.out);
  CHECK(batches[0].wanted.revoked());
}

TEST_CASE("queue_consumer: a listener that answers with an error has failed, and waits") {
  SUBCASE("concurrently each message comes again after the back-off") {
    stage s;
    s.start(0);
    auto batches = s.pulled(0, 2);
    for (int failures = 1; failures <= 2; ++failures) {
      for (const auto& batch : batches) {
        auto what = s.context.deliveries.extract(batch.delivery).mapped();
        auto failed = s.consumer->failure_of(batch.delivery, what);
        CHECK(failed.untried == no_offset);
        s.consumer->consumed(what, failed, s.now, s.out);
      }
      CHECK(s.consumer->committable() == queue_offset{0});
      s.out.clear();
      s.pass(999ms);
      CHECK(s.take<deliver_batch>().empty());
      s.pass(failures * 1s - 999ms);
      batches.clear();
      for (auto& again : s.take<deliver_batch>())
        batches.push_back(std::move(again.batch));
      REQUIRE(batches.size() == 3);
      CHECK(batches[0].reconsume_times == failures);
    }
  }
  SUBCASE("in order the first one holds the line for suspendCurrentQueueTimeMillis") {
    stage s{{.orderly = true}};
    s.start(0);
    s.consumer->lock(true, s.now, s.now, s.out);
    auto batch = s.pulled(0, 2).at(0);
    s.out.clear();
    auto what = s.context.deliveries.extract(batch.delivery).mapped();
    auto failed = s.consumer->failure_of(batch.delivery, what);
    CHECK(failed.failed == std::vector<queue_offset>{{0}});
    s.consumer->consumed(what, failed, s.now, s.out);
    s.pass(999ms);
    CHECK(s.take<deliver_batch>().empty());
    s.pass(1ms);
    auto again = s.take<deliver_batch>();
    REQUIRE(again.size() == 1);
    CHECK(again[0].batch.reconsume_times == 1);
  }
}

TEST_CASE("queue_consumer: in order, a lost link drops what was fetched, which others may fetch") {
  stage s{{.orderly = true, .consume_message_batch_max_size = 1}};
  s.start(0);
  s.consumer->lock(true, s.now, s.now, s.out);
  auto batch = s.pulled(0, 3).at(0);
  CHECK(s.context.bytes > 0);
  s.consumer->link(false, s.now, s.out);
  CHECK(batch.wanted.revoked());
  s.answer(batch);
  CHECK(s.context.bytes == 0);
  CHECK(s.consumer->committable() == queue_offset{1});
  s.consumer->link(true, s.now, s.out);
  s.out.clear();
  s.consumer->lock(true, s.now, s.now, s.out);
  auto fetch = s.asked<fetch_offsets>();
  s.consumer->answer(fetch.first, committed_offsets{{{{queue.topic, queue.id}, {0}}}}, s.now,
                     s.out);
  CHECK(s.asked<pull_messages>().second.from == queue_offset{1});
}

TEST_CASE("queue_consumer: in order, a lost link does not undo a seek backwards") {
  stage s{{.orderly = true}};
  s.start(100);
  s.consumer->lock(true, s.now, s.now, s.out);
  s.consumer->seek({10}, s.now, s.out);
  s.out.clear();
  s.consumer->link(false, s.now, s.out);
  s.consumer->link(true, s.now, s.out);
  s.consumer->lock(true, s.now, s.now, s.out);
  auto fetch = s.asked<fetch_offsets>();
  s.consumer->answer(fetch.first, committed_offsets{{{{queue.topic, queue.id}, {100}}}}, s.now,
                     s.out);
  CHECK(s.asked<pull_messages>().second.from == queue_offset{10});
}

TEST_CASE("queue_consumer: what waits for its redelivery wakes no queue that is stopping") {
  stage s;
  s.start(0);
  auto batches = s.pulled(0, 2);
  s.pulled(3, 5);
  s.answer(batches[0], {{0}});
  s.consumer->seek({50}, s.now, s.out); // waits for the second batch
  s.pass(10s);
  CHECK(s.consumer->stage() == queue_stage::stopping);
  CHECK(s.consumer->next_event(s.now).value_or(s.now + 1s) > s.now);
}

TEST_CASE("O2 queue_consumer: in order, one run at a time, and a failure holds the line") {
  stage s{{.orderly = true, .consume_message_batch_max_size = 1}};
  s.start(0);
  CHECK(s.consumer->stage() == queue_stage::locking);
  CHECK(s.take<ask_about_queue>().empty());
  s.consumer->lock(true, s.now, s.now, s.out);
  auto batches = s.pulled(0, 3);
  REQUIRE(batches.size() == 1);
  CHECK(batches[0].count == 1);
  CHECK(batches[0].in_order);
  s.out.clear();
  s.answer(batches[0]);
  batches[0] = s.take<deliver_batch>()[0].batch;
  s.answer(batches[0], {{1}});
  CHECK(s.take<deliver_batch>().empty());
  s.pass(999ms);
  CHECK(s.take<deliver_batch>().empty());
  s.pass(1ms);
  auto again = s.take<deliver_batch>();
  REQUIRE(again.size() == 1);
  CHECK(check_record(again[0].batch.bytes()).record.offset == queue_offset{1});
  CHECK(again[0].batch.reconsume_times == 1);
  CHECK(s.consumer->committable() == queue_offset{1});
}

TEST_CASE("O3 queue_consumer: a lock that is not renewed for 30 s stops pulls and listeners") {
  stage s{{.orderly = true}};
  s.start(0);
  s.consumer->lock(true, s.now, s.now, s.out);
  auto batches = s.pulled(0, 3);
  s.pass(29s);
  CHECK_FALSE(batches[0].wanted.revoked());
  s.out.clear();
  s.pass(1s);
  CHECK(batches[0].wanted.revoked());
  s.answer(batches[0], {}, {0});
  CHECK(s.take<deliver_batch>().empty());
  // Renewed before the broker's 60 s are over: nobody else had it, so it goes on.
  s.consumer->lock(true, s.now, s.now, s.out);
  CHECK(s.take<deliver_batch>().size() == 1);
}

TEST_CASE("O4 queue_consumer: after a refused lock the queue begins at the committed offset") {
  stage s{{.orderly = true}};
  s.start(0);
  s.consumer->lock(true, s.now, s.now, s.out);
  auto batches = s.pulled(0, 3);
  s.out.clear();
  s.consumer->lock(false, s.now, s.now, s.out);
  CHECK(batches[0].wanted.revoked());
  s.answer(batches[0], {}, {0});
  s.consumer->lock(true, s.now, s.now, s.out);
  auto fetch = s.asked<fetch_offsets>();
  s.consumer->answer(fetch.first, committed_offsets{{{{queue.topic, queue.id}, {2}}}}, s.now,
                     s.out);
  CHECK(s.asked<pull_messages>().second.from == queue_offset{2});
}

TEST_CASE("queue_consumer: what a careless listener names wrongly does no harm") {
  stage s;
  s.start(0);
  auto batches = s.pulled(0, 3);
  s.answer(batches[0], {{-1}, {2}, {2}, {77}});
  CHECK(s.consumer->committable() == queue_offset{2});
  CHECK(s.consumer->status().messages == 1);
}
