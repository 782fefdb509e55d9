#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <doctest/doctest.h>
#include <future>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

#include "runtime/client/producer.hpp"
#include "runtime/client/pull_consumer.hpp"
#include "runtime/client/push_consumer.hpp"
#include "runtime/node.hpp"
#include "support/child_process.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

namespace {

/// A node in memory, a client of it, and messages to consume.
struct fixture {
  fixture() : members(settings()), sender(members, {.producer_group = "tests"}) {}

  client_config settings() const {
    client_config config;
    config.namesrv_addr = {server.name_server_address()};
    return config;
  }
  void send(int count, const std::string& tag = {}) {
    for (int i = 0; i < count; ++i) {
      message m{{"orders"}, std::to_string(sent++), {}, 0};
      if (!tag.empty()) m.set(property::tags, tag);
      auto stored = sender.send(m);
      REQUIRE_MESSAGE(stored, stored.sentence());
    }
  }

  node server{embedded_node_config()};
  client members;
  producer sender;
  int sent = 0;
};

/// Bodies from any thread, and who waits for them.
class gathered {
public:
  void add(std::span<const received_message> messages) {
    {
      std::lock_guard lock{mutex_};
      for (const auto& message : messages)
        bodies_.emplace(message.body());
    }
    news_.notify_all();
  }
  bool await(std::size_t count) {
    std::unique_lock lock{mutex_};
    return news_.wait_for(lock, 20s, [&] { return bodies_.size() >= count; });
  }
  std::multiset<std::string> bodies() {
    std::lock_guard lock{mutex_};
    return bodies_;
  }

private:
  std::mutex mutex_;
  std::condition_variable news_;
  std::multiset<std::string> bodies_;
};

consumer_config group(const std::string& name) {
  consumer_config config;
  config.consumer_group = name;
  config.from = consume_from::first_offset;
  return config;
}

/// Asks a consumer until it knows why nothing comes.
template <class Consumer>
std::string await_problem(const Consumer& consumer) {
  std::string problem;
  auto deadline = std::chrono::steady_clock::now() + 20s;
  while (problem.empty() && std::chrono::steady_clock::now() < deadline)
    problem = consumer.problem();
  return problem;
}

/// Polls until `count` messages have come.
std::vector<std::string> poll_until(pull_consumer& consumer, std::size_t count) {
  std::vector<std::string> bodies;
  auto deadline = std::chrono::steady_clock::now() + 20s;
  while (bodies.size() < count && std::chrono::steady_clock::now() < deadline) {
    auto messages = consumer.poll(1s);
    REQUIRE_MESSAGE(messages, messages.sentence());
    for (const auto& message : *messages)
      bodies.emplace_back(message.body());
  }
  return bodies;
}

} // namespace

TEST_CASE("push_consumer: consumes what is there and what comes, and goes on where it was") {
  fixture f;
  f.send(50);
  gathered first;
  {
    push_consumer consumer{f.members, group("billing")};
    REQUIRE(consumer.subscribe("orders"));
    consumer.on_message([&](std::span<const received_message> messages) {
      CHECK(messages.size() == 1); // consumeMessageBatchMaxSize
      first.add(messages);
      return consume_status::success;
    });
    REQUIRE(consumer.start());
    CHECK_FALSE(consumer.start());
    CHECK_FALSE(consumer.subscribe("bills"));
    CHECK(first.await(50));
    f.send(50);
    CHECK(first.await(100));
    CHECK(consumer.queues().size() == 4);
    CHECK(consumer.close() == 0);
    CHECK(consumer.queues().empty());
  }
  CHECK(first.bodies().size() == 100);
  f.send(10);
  gathered second;
  push_consumer consumer{f.members, group("billing")};
  REQUIRE(consumer.subscribe("orders"));
  consumer.on_message([&](std::span<const received_message> messages) {
    second.add(messages);
    return consume_status::success;
  });
  REQUIRE(consumer.start());
  CHECK(second.await(10));
  consumer.close();
  CHECK(second.bodies().size() == 10);
}

TEST_CASE("push_consumer: what fails or throws comes again with its count") {
  fixture f;
  auto config = group("billing");
  config.local_retry_backoff = 10ms;
  std::mutex mutex;
  std::map<std::string, std::vector<std::int32_t>> times;
  gathered done;
  push_consumer consumer{f.members, config};
  REQUIRE(consumer.subscribe("orders"));
  consumer.on_message([&](std::span<const received_message> messages) {
    const auto& message = messages.front();
    std::size_t tries = 0;
    {
      std::lock_guard lock{mutex};
      auto& seen = times[std::string{message.body()}];
      seen.push_back(message.reconsume_times());
      tries = seen.size();
    }
    if (message.body() == "1" && tries < 3) return consume_status::reconsume_later;
    if (message.body() == "2" && tries < 2) throw std::runtime_error{"not now"};
    done.add(messages);
    return consume_status::success;
  });
  REQUIRE(consumer.start());
  f.send(4);
  CHECK(done.await(4));
  consumer.close();
  CHECK(times["1"] == std::vector<std::int32_t>{0, 1, 2});
  CHECK(times["2"] == std::vector<std::int32_t>{0, 1});
  CHECK(times["3"] == std::vector<std::int32_t>{0});
}

TEST_CASE("O2 push_consumer: orderly, each queue is consumed by one thread at a time, in order") {
  fixture f;
  auto config = group("billing");
  config.orderly = true;
  config.suspend_current_queue_time = 10ms;
  std::mutex mutex;
  std::map<std::int32_t, std::vector<std::int64_t>> order;
  std::map<std::int32_t, bool> busy;
  std::atomic<bool> overlapped{false};
  std::set<std::string> failed_once;
  gathered done;
  f.send(150); // fetched in blocks, which many threads could share
  push_consumer consumer{f.members, config};
  REQUIRE(consumer.subscribe("orders"));
  consumer.on_message([&](std::span<const received_message> messages) {
    const auto& message = messages.front();
    {
      std::lock_guard lock{mutex};
      if (std::exchange(busy[message.queue_id()], true)) overlapped = true;
    }
    for (int i = 0; i < 100; ++i)
      std::this_thread::yield(); // others get their chance to come in between
    bool fails = false;
    {
      std::lock_guard lock{mutex};
      fails =
        message.queue_offset() % 7 == 3 && failed_once.insert(std::string{message.body()}).second;
      if (!fails) order[message.queue_id()].push_back(message.queue_offset());
    }
    if (!fails) done.add(messages);
    std::lock_guard lock{mutex};
    busy[message.queue_id()] = false;
    return fails ? consume_status::reconsume_later : consume_status::success;
  });
  REQUIRE(consumer.start());
  f.send(50);
  CHECK(done.await(200));
  consumer.close();
  CHECK_FALSE(overlapped);
  for (const auto& [queue, offsets] : order)
    CHECK(std::is_sorted(offsets.begin(), offsets.end()));
  CHECK(done.bodies().size() == 200);
}

TEST_CASE("push_consumer: suspended, it fetches nothing until it is resumed") {
  fixture f;
  gathered got;
  push_consumer consumer{f.members, group("billing")};
  REQUIRE(consumer.subscribe("orders", "paid"));
  consumer.on_message([&](std::span<const received_message> messages) {
    got.add(messages);
    return consume_status::success;
  });
  REQUIRE(consumer.start());
  f.send(1, "paid");
  CHECK(got.await(1));
  consumer.suspend();
  f.send(3, "other");
  consumer.resume();
  f.send(2, "paid");
  CHECK(got.await(3));
  consumer.close();
  CHECK(got.bodies() == std::multiset<std::string>{"0", "4", "5"});
}

TEST_CASE("push_consumer: a wrong use is refused with a sentence") {
  fixture f;
  push_consumer consumer{f.members, group("a group?")};
  CHECK(consumer.start().code() == errc::invalid_parameter);
  consumer.on_message([](auto) { return consume_status::success; });
  CHECK(consumer.start().code() == errc::invalid_parameter);
  CHECK_FALSE(consumer.subscribe("a topic?"));
  CHECK(consumer.subscribe("orders", "||").code() == errc::subscription_parse_failed);
  REQUIRE(consumer.subscribe("orders"));
  CHECK_FALSE(consumer.start()); // the group's name
}

TEST_CASE("push_consumer: knows why nothing comes, until something can come") {
  fixture f;
  gathered got;
  push_consumer consumer{f.members, group("billing")};
  REQUIRE(consumer.subscribe("ordrs"));
  consumer.on_message([&](std::span<const received_message> messages) {
    got.add(messages);
    return consume_status::success;
  });
  CHECK(consumer.problem().empty()); // it does not run
  REQUIRE(consumer.start());
  CHECK(await_problem(consumer).starts_with("topic ordrs is served by no live broker"));
  REQUIRE(f.sender.send(message{{"ordrs"}, "at last", {}, 0}));
  CHECK(got.await(1));
  CHECK(consumer.problem().empty());
  consumer.close();
  CHECK(consumer.problem().empty());
}

TEST_CASE("push_consumer: without a name server it says where it looked for one") {
  client_config settings;
  settings.namesrv_addr = {"127.0.0.1:1"};
  client alone{settings};
  push_consumer consumer{alone, group("billing")};
  REQUIRE(consumer.subscribe("orders"));
  consumer.on_message([](auto) { return consume_status::success; });
  REQUIRE(consumer.start());
  CHECK(await_problem(consumer).starts_with("no name server answers at 127.0.0.1:1"));
}

TEST_CASE("push_consumer: close waits for a listener, but not for ever") {
  fixture f;
  auto config = group("billing");
  config.await_termination = 200ms;
  std::promise<void> entered, leave;
  push_consumer consumer{f.members, config};
  REQUIRE(consumer.subscribe("orders"));
  consumer.on_message([&, gate = leave.get_future().share()](auto) {
    entered.set_value();
    gate.wait();
    return consume_status::success;
  });
  REQUIRE(consumer.start());
  f.send(1);
  entered.get_future().wait();
  CHECK(consumer.close() == 1);
  leave.set_value();
}

TEST_CASE("C3 push_consumer: broadcasting members each get everything, and know where they were") {
  test::temporary_directory directory;
  fixture f;
  auto config = group("news");
  config.model = message_model::broadcasting;
  config.offset_store_dir = directory / "offsets";
  auto settings = f.settings();
  settings.instance_name = "fixed";
  gathered first, second, again;
  auto listen = [](push_consumer& consumer, gathered& into) {
    REQUIRE(consumer.subscribe("orders"));
    consumer.on_message([&](std::span<const received_message> messages) {
      into.add(messages);
      return consume_status::success;
    });
    REQUIRE(consumer.start());
  };
  {
    client other{settings};
    push_consumer a{f.members, config}, b{other, config};
    listen(a, first);
    listen(b, second);
    f.send(20);
    CHECK(first.await(20));
    CHECK(second.await(20));
  }
  f.send(5);
  client other{settings};
  push_consumer b{other, config};
  listen(b, again);
  CHECK(again.await(5));
  b.close();
  CHECK(again.bodies().size() == 5);
}

TEST_CASE("pull_consumer: polls, commits, and another member goes on after the commit") {
  fixture f;
  f.send(30);
  {
    auto config = group("billing");
    config.auto_commit = false;
    pull_consumer consumer{f.members, config};
    CHECK(consumer.poll(0ms).code() == errc::invalid_parameter);
    REQUIRE(consumer.subscribe("orders"));
    CHECK(poll_until(consumer, 30).size() == 30);
    REQUIRE(consumer.commit());
    f.send(10);
    CHECK(poll_until(consumer, 10).size() == 10);
    consumer.close(); // without a commit
    CHECK(consumer.poll(0ms).code() == errc::client_closed);
  }
  pull_consumer consumer{f.members, group("billing")};
  REQUIRE(consumer.subscribe("orders"));
  CHECK(poll_until(consumer, 10).size() == 10);
  consumer.close(); // with one
  pull_consumer last{f.members, group("billing")};
  REQUIRE(last.subscribe("orders"));
  auto nothing = last.poll(300ms);
  REQUIRE(nothing);
  CHECK(nothing->empty());
}

TEST_CASE("pull_consumer: a second member with the same client id knows why it gets nothing") {
  fixture f;
  f.send(4);
  auto settings = f.settings();
  settings.instance_name = "fixed";
  client here{settings}, there{settings};
  pull_consumer first{here, group("billing")}, second{there, group("billing")};
  REQUIRE(first.subscribe("orders"));
  REQUIRE(second.subscribe("orders"));
  CHECK_FALSE(poll_until(first, 1).empty());
  CHECK(second.problem().empty()); // it does not run before its first poll
  REQUIRE(second.poll(0ms));
  CHECK(await_problem(second).find("give each consumer its own instance name")
        != std::string::npos);
  CHECK(first.problem().empty());
}

TEST_CASE("pull_consumer: assigned queues are sought and their offsets asked for") {
  fixture f;
  f.send(40);
  pull_consumer consumer{f.members, group("audit")};
  CHECK(consumer.message_queues("nowhere").code() == errc::topic_not_exist);
  auto queues = consumer.message_queues("orders");
  REQUIRE_MESSAGE(queues, queues.sentence());
  REQUIRE(queues->size() == 4);
  const auto& queue = queues->front();
  REQUIRE(consumer.assign({queue}));
  CHECK_FALSE(consumer.subscribe("orders"));
  CHECK(consumer.committed(queue).value() == -1);
  CHECK(poll_until(consumer, 10).size() == 10);
  REQUIRE(consumer.commit());
  CHECK(consumer.committed(queue).value() == 10);
  REQUIRE(consumer.seek(queue, 7));
  CHECK(poll_until(consumer, 3).size() == 3);
  REQUIRE(consumer.seek_to_begin(queue));
  CHECK(poll_until(consumer, 10).size() == 10);
  REQUIRE(consumer.seek_to_end(queue));
  f.send(4);
  CHECK(poll_until(consumer, 1).size() == 1);
  CHECK(consumer.offset_for_time(queue, 0).value() == 0);
  CHECK(consumer.seek(queues->back(), 0).code() == errc::invalid_parameter);
}

TEST_CASE("C1 pull_consumer: what was polled and not closed is delivered again") {
  fixture f;
  f.send(4);
  {
    pull_consumer consumer{f.members, group("billing")};
    REQUIRE(consumer.subscribe("orders"));
    CHECK_FALSE(poll_until(consumer, 1).empty());
  } // no close: as after an exception
  pull_consumer consumer{f.members, group("billing")};
  REQUIRE(consumer.subscribe("orders"));
  CHECK(poll_until(consumer, 4).size() == 4);
}
