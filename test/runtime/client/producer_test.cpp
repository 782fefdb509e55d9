#include <atomic>
#include <doctest/doctest.h>
#include <set>
#include <stdexcept>
#include <thread>

#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"
#include "messages/type_ids.hpp"
#include "runtime/actor_system.hpp"
#include "runtime/client/producer.hpp"
#include "runtime/client/push_consumer.hpp"
#include "runtime/net/publish.hpp"
#include "support/fake_broker.hpp"

using namespace cafmq;
using namespace std::chrono_literals;

namespace {

/// A broker and a name server behind real ports of this process.
struct fixture {
  owned_actor_system system = make_actor_system({.scheduler_threads = 1});
  std::shared_ptr<test::fake_broker_script> script = std::make_shared<test::fake_broker_script>();
  broker_handle broker = test::spawn_fake_broker(*system, script);
  name_server_handle name_server;
  client_config config;

  fixture() {
    auto broker_port = publish(*system, broker, "127.0.0.1", 0);
    REQUIRE(broker_port);
    topic_route route{{},
                      {{{"broker-a"}, 4, 4, permission::read_write}},
                      {{{"c"}, {"broker-a"}, {{0, "127.0.0.1:" + std::to_string(*broker_port)}}}}};
    name_server = test::spawn_fake_name_server(*system, route);
    auto port = publish(*system, name_server, "127.0.0.1", 0);
    REQUIRE(port);
    config.namesrv_addr = {"127.0.0.1:" + std::to_string(*port)};
  }
  ~fixture() {
    caf::anon_send_exit(name_server, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(broker, caf::exit_reason::user_shutdown);
  }
};

message order(std::string body = "a body") { return {{"orders"}, std::move(body)}; }

} // namespace

TEST_CASE_FIXTURE(fixture, "producer: a program sends and is told where its message is") {
  producer sender{client{config}};
  auto sent = sender.send(order());
  REQUIRE_MESSAGE(sent, sent.sentence());
  CHECK(sent->status() == send_status::send_ok);
  CHECK(sent->queue().topic.value == "orders");
  CHECK(sent->queue_offset() == 0);
  CHECK(sent->msg_id().size() == 32);
  CHECK(sent->offset_msg_id().substr(0, 8) == "7F000001");
  auto queues = sender.message_queues("orders");
  REQUIRE(queues);
  CHECK(queues->size() == 4);
}

TEST_CASE_FIXTURE(fixture, "producer: sends of many threads travel in common requests, each "
                           "answered once") {
  script->keep_batches = false;
  producer sender{client{config}};
  constexpr int threads = 16, each = 200;
  std::atomic<int> stored{0};
  std::vector<std::thread> senders;
  for (int t = 0; t < threads; ++t)
    senders.emplace_back([&] {
      for (int i = 0; i < each; ++i)
        if (sender.send(order())) ++stored;
    });
  for (auto& thread : senders)
    thread.join();
  CHECK(stored == threads * each);
  sender.close();
  CHECK(script->records == threads * each);
}

TEST_CASE_FIXTURE(fixture, "producer: the ways to choose a queue") {
  producer sender{client{config}};
  std::set<message_queue> used;
  for (int i = 0; i < 5; ++i)
    used.insert(sender.send(order(), "customer 7")->queue());
  CHECK(used.size() == 1);
  message_queue third{{"orders"}, {"broker-a"}, {2}};
  CHECK(sender.send(order(), third)->queue() == third);
  auto last = [](const std::vector<message_queue>& queues) { return queues.back(); };
  CHECK(sender.send(order(), last)->queue().id.value == 3);
  auto throws = [](const std::vector<message_queue>&) -> message_queue {
    throw std::runtime_error("undecided");
  };
  CHECK(sender.send(order(), throws).sentence().find("undecided") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "producer: callbacks, futures and batches bring the same results") {
  producer sender{client{config}};
  std::vector<message> batch{order("one"), order("two"), order("three")};
  auto sent = sender.send(batch);
  REQUIRE(sent);
  REQUIRE(sent->size() == 3);
  CHECK((*sent)[2].queue_offset() == (*sent)[0].queue_offset() + 2);
  CHECK(sender.send_async(order()).get());
  std::atomic<int> called{0};
  sender.send_async(order(),
                    [&](const result<send_result>& outcome) { called += outcome ? 1 : 0; });
  sender.send_async(order(), "customer 7",
                    [&](const result<send_result>& outcome) { called += outcome ? 1 : 0; });
  sender.send_async(std::span<const message>{batch},
                    [&](const result<std::vector<send_result>>& outcome) {
                      called += outcome && outcome->size() == 3 ? 1 : 0;
                    });
  CHECK(sender.send_oneway(order()));
  sender.flush();
  CHECK(called == 3);
  sender.close();
  CHECK(script->records == 3 + 1 + 2 + 3 + 1);
}

TEST_CASE_FIXTURE(fixture, "producer: a callback may take its time: others send meanwhile") {
  producer sender{client{config}};
  std::promise<void> go_on;
  std::atomic<int> called{0};
  for (int i = 0; i < 3; ++i)
    sender.send_async(order(), [&, may_end = i > 0](const result<send_result>&) {
      if (!may_end) go_on.get_future().wait();
      ++called;
    });
  CHECK(sender.send(order()));
  CHECK(sender.send(order()));
  CHECK(called == 0);
  go_on.set_value();
  sender.close();
  CHECK(called == 3);
}

TEST_CASE_FIXTURE(fixture, "producer: a callback may let its producer go") {
  client members{config};
  auto sender = std::make_unique<producer>(members);
  std::promise<void> gone;
  auto* last = sender.release();
  last->send_async(order(), [&gone, last](const result<send_result>&) {
    delete last;
    gone.set_value();
  });
  CHECK(gone.get_future().wait_for(10s) == std::future_status::ready);
}

TEST_CASE_FIXTURE(fixture, "producer: a callback may let producer and client go") {
  auto members = std::make_shared<client>(config);
  auto sender = std::make_shared<producer>(*members);
  std::promise<void> gone;
  auto* last = sender.get();
  last->send_async(order(), [&gone, members = std::move(members),
                             sender = std::move(sender)](const result<send_result>&) mutable {
    sender.reset();
    members.reset();
    gone.set_value();
  });
  CHECK(gone.get_future().wait_for(10s) == std::future_status::ready);
}

TEST_CASE_FIXTURE(fixture, "client: another thread than the one that made it may let it go") {
  auto members = std::make_unique<client>(config);
  auto sender = std::make_unique<producer>(*members);
  CHECK(sender->send(order()));
  CHECK(sender->message_queues("orders"));
  auto reader = std::make_unique<push_consumer>(*members, consumer_config{});
  REQUIRE(reader->subscribe("orders"));
  reader->on_message([](auto) { return consume_status::success; });
  REQUIRE(reader->start());
  CHECK(reader->queues().empty());
  std::thread{[&] {
    reader.reset();
    sender.reset();
    members.reset();
  }}.join();
}

TEST_CASE_FIXTURE(fixture, "producer: what a callback may do, and what a selector may not") {
  producer sender{client{
                    config,
                  },
                  {.back_pressure_for_async_send_num = 1}};
  std::atomic<int> stored{0};
  sender.send_async(order("first"), [&](const result<send_result>& outcome) {
    stored += outcome ? 1 : 0;
    stored += sender.send(order("blocking")) ? 1 : 0;
    // There is no room for it, and only this thread could make some.
    sender.send_async(order("second"), [&](const result<send_result>& second) {
      stored += second ? 1 : 0;
      throw std::runtime_error("a fault of the program");
    });
  });
  sender.flush();
  CHECK(stored == 3);
  CHECK(sender.send(order("still alive")));
  std::string refusal;
  auto asks = [&](const std::vector<message_queue>& queues) {
    refusal = sender.send(order("in a selector")).sentence();
    return queues.front();
  };
  CHECK(sender.send(order(), asks));
  CHECK(refusal.find("queue selector") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture, "producer: without room an async send is refused when it may not wait") {
  script->on_send = [](const send_batch&) { return std::nullopt; };
  producer_config settings{
    .send_msg_timeout = 300ms, .back_pressure_for_async_send_num = 2, .block_when_full = false};
  producer sender{client{config}, settings};
  std::atomic<int> timed_out{0};
  std::string refusal;
  for (int i = 0; i < 3; ++i)
    sender.send_async(order(), [&](const result<send_result>& outcome) {
      if (outcome.code() == errc::request_timeout)
        ++timed_out;
      else
        refusal = outcome.sentence();
    });
  CHECK(refusal.find("unacknowledged") != std::string::npos);
  sender.flush();
  CHECK(timed_out == 2);
}

TEST_CASE_FIXTURE(fixture, "producer: a closed producer says so, and fails nothing silently") {
  producer sender{client{config}};
  REQUIRE(sender.send(order()));
  sender.close();
  sender.close();
  CHECK(sender.send(order()).code() == errc::client_closed);
  CHECK(sender.send_async(order()).get().code() == errc::client_closed);
  CHECK(sender.send_oneway(order()).code() == errc::client_closed);
  CHECK_FALSE(sender.message_queues("orders"));
}

TEST_CASE_FIXTURE(fixture, "producer: misuse is refused with a sentence, before anything is sent") {
  producer sender{client{config}};
  CHECK(sender.send({{"no spaces"}, "x"}).code() == errc::invalid_parameter);
  CHECK(sender.send({{"orders"}, ""}).code() == errc::message_illegal);
  CHECK(sender.send(order(), producer::selector{}).code() == errc::invalid_parameter);
  CHECK(sender.send(order(), message_queue{{"other"}, {"broker-a"}, {0}}).code()
        == errc::invalid_parameter);
  CHECK(sender.send(order(), message_queue{{"orders"}, {}, {0}}).code() == errc::invalid_parameter);
  CHECK(sender.send(std::vector<message>{}).code() == errc::message_illegal);
  CHECK(sender.message_queues("no spaces").code() == errc::invalid_parameter);
  producer nameless{client{config}, {.producer_group = ""}};
  CHECK(nameless.send(order()).code() == errc::invalid_parameter);
  sender.close();
  CHECK(script->records == 0);
}

TEST_CASE("producer: nobody at the name server's address is told within the time of a send") {
  producer sender{client{{.namesrv_addr = {"127.0.0.1:1"}}}, {.send_msg_timeout = 1500ms}};
  auto sent = sender.send(order());
  CHECK(sent.code() == errc::no_name_server);
  CHECK(sent.sentence().find("127.0.0.1:1") != std::string::npos);
}
