#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <doctest/doctest.h>
#include <map>
#include <set>

#include "actors/client/client_actor.hpp"
#include "actors/client/producer_actor.hpp"
#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"
#include "support/deterministic_system.hpp"
#include "support/fake_broker.hpp"

using namespace cafmq;
using namespace std::chrono_literals;
using test::fake_broker_script;

namespace {

/// Dials what the test has put up; nobody else answers.
struct address_book {
  std::map<std::string, name_server_handle> name_servers;
  std::map<std::string, broker_handle> brokers;
};

connector_handle::behavior_type fake_connector(connector_handle::pointer,
                                               const std::shared_ptr<address_book>& book) {
  return {
    [=](const connect_name_server& to) -> caf::result<name_server_link> {
      auto found = book->name_servers.find(to.address);
      if (found == book->name_servers.end()) return make_error(errc::broker_not_exist);
      return name_server_link{found->second};
    },
    [=](const connect_broker& to) -> caf::result<broker_link> {
      auto found = book->brokers.find(to.address);
      if (found == book->brokers.end()) return make_error(errc::broker_not_exist);
      return broker_link{found->second};
    },
  };
}

/// A producer with its client, a name server, and two brokers of two queues each.
struct fixture {
  test::deterministic_system system;
  std::shared_ptr<address_book> book = std::make_shared<address_book>();
  std::shared_ptr<fake_broker_script> a = std::make_shared<fake_broker_script>();
  std::shared_ptr<fake_broker_script> b = std::make_shared<fake_broker_script>();
  std::vector<outgoing_run> left; // in the outbox
  std::int64_t room_released = 0;
  message_encoder encoder{{}, 0x7F000001, unique_key_source{0x7F000001, 1, 2, 0}};
  client_handle client;
  producer_handle producer;

  explicit fixture(producer_config config = {.producer_group = "shop"}) {
    topic_route route;
    for (std::string name : {"a", "b"}) {
      route.queues.push_back({{"broker-" + name}, 2, 2, permission::read_write});
      route.brokers.push_back({{"c"}, {"broker-" + name}, {{0, name + ":10911"}}});
    }
    book->name_servers["n:9876"] = test::spawn_fake_name_server(system.system(), route);
    book->brokers["a:10911"] = test::spawn_fake_broker(system.system(), a);
    book->brokers["b:10911"] = test::spawn_fake_broker(system.system(), b);
    client_config shared;
    shared.namesrv_addr = {"n:9876"};
    client = spawn_client(system.system(), shared, system.spawn(fake_connector, book),
                          [] { return std::uint64_t{0}; });
    producer = spawn_producer(
      system.system(),
      {.config = config,
       .client = client,
       .id = {"127.0.0.1@test"},
       .encoder = {config, 0x7F000001, unique_key_source{0x7F000001, 1, 1, 0}},
       .clock = system.clock(),
       .random = [] { return std::uint64_t{0}; },
       .heartbeat_interval = 30s,
       .outbox = {[this] { return std::exchange(left, {}); },
                  [this](std::int64_t messages, std::int64_t) { room_released += messages; }}});
    system.settle();
  }

  test::pending<sent_message> send(std::string key = {}, message_queue queue = {}) {
    return system.request<sent_message>(
      producer, send_message{message{{"orders"}, "a body"}, std::move(key), std::move(queue)});
  }
  static std::string key_of(const send_batch& batch) {
    return std::string{
      find_property(check_record(batch.drafts.span()).record.properties, property::unique_key)};
  }
  std::size_t batches() const { return a->batches.size() + b->batches.size(); }
};

std::optional<caf::expected<send_receipt>> never(const send_batch&) { return std::nullopt; }

auto refusing(errc code) {
  return [code](const send_batch&) {
    return std::optional<caf::expected<send_receipt>>{make_error(code, "refused")};
  };
}

} // namespace

TEST_CASE_FIXTURE(fixture, "producer: a send is answered with all that names the stored message") {
  auto sent = send().get();
  REQUIRE(sent);
  CHECK(sent->status == send_status::send_ok);
  CHECK(sent->queue == message_queue{{"orders"}, {"broker-a"}, {0}});
  CHECK(sent->offset.value == 0);
  CHECK(sent->msg_id.size() == 32);
  CHECK(sent->offset_msg_id.size() == 32);
  REQUIRE(a->batches.size() == 1);
  CHECK(a->batches[0].producer_group.value == "shop");
  CHECK(key_of(a->batches[0]) == sent->msg_id);
}

TEST_CASE_FIXTURE(fixture, "producer: single sends go round the queues of all masters") {
  std::set<message_queue> used;
  for (int i = 0; i < 4; ++i)
    used.insert(send().get()->queue);
  CHECK(used.size() == 4);
}

TEST_CASE_FIXTURE(fixture,
                  "D13: when its broker dies a send goes to another, under its unique key") {
  a->on_send = never;
  auto sent = send();
  CHECK_FALSE(sent.done());
  REQUIRE(a->batches.size() == 1);
  system.kill(book->brokers["a:10911"]);
  REQUIRE(sent.succeeded());
  CHECK(sent.get()->queue.broker.value == "broker-b");
  REQUIRE(b->batches.size() == 1);
  CHECK(key_of(b->batches[0]) == key_of(a->batches[0]));
}

TEST_CASE_FIXTURE(fixture, "D12: a refused send is tried on the other broker, then fails with the "
                           "broker's sentence") {
  a->on_send = refusing(errc::system_busy);
  CHECK(send().get()->queue.broker.value == "broker-b");
  b->on_send = refusing(errc::service_not_available);
  auto failed = send().get();
  REQUIRE_FALSE(failed);
  CHECK(sentence(failed.error()) == "refused");
  CHECK(batches() == 2 + 3);
}

TEST_CASE_FIXTURE(fixture, "producer: what is wrong with the message is not tried twice") {
  a->on_send = refusing(errc::message_illegal);
  CHECK(code_of(send().get().error()) == errc::message_illegal);
  CHECK(batches() == 1);
  auto empty = system.ask<sent_message>(producer, send_message{message{{"orders"}, ""}, {}, {}});
  CHECK(code_of(empty.error()) == errc::message_illegal);
  CHECK(batches() == 1);
}

TEST_CASE_FIXTURE(fixture, "producer: without an answer a send ends at sendMsgTimeout") {
  a->on_send = never;
  auto sent = send();
  system.advance(2900ms);
  CHECK_FALSE(sent.done());
  system.advance(200ms);
  CHECK(code_of(sent.get().error()) == errc::request_timeout);
  CHECK(sentence(sent.get().error()).find("may or may not be stored") != std::string::npos);
  CHECK(send().get()->queue.broker.value == "broker-b"); // the silent one is passed over
}

TEST_CASE_FIXTURE(fixture, "producer: a send waits for a broker that comes back in time") {
  system.kill(std::exchange(book->brokers["a:10911"], {}));
  system.kill(std::exchange(book->brokers["b:10911"], {}));
  book->brokers.clear();
  auto sent = send();
  system.advance(1s);
  CHECK_FALSE(sent.done());
  book->brokers["b:10911"] = test::spawn_fake_broker(system.system(), b);
  system.advance(1s);
  REQUIRE(sent.succeeded());
  CHECK(sent.get()->queue.broker.value == "broker-b");
}

TEST_CASE_FIXTURE(fixture, "M3: with all name servers gone known topics are still sent to") {
  REQUIRE(send().succeeded());
  system.kill(std::exchange(book->name_servers, {})["n:9876"]);
  system.advance(5min);
  CHECK(send().succeeded());
  auto unknown =
    system.request<sent_message>(producer, send_message{message{{"never_seen"}, "a body"}, {}, {}});
  system.advance(4s);
  CHECK(code_of(unknown.get().error()) == errc::no_name_server);
}

TEST_CASE_FIXTURE(fixture, "producer: one key goes to one queue, and a chosen queue is kept") {
  std::set<message_queue> used;
  for (int i = 0; i < 5; ++i)
    used.insert(send("customer 7").get()->queue);
  CHECK(used.size() == 1);
  message_queue chosen{{"orders"}, {"broker-b"}, {1}};
  CHECK(send({}, chosen).get()->queue == chosen);
  b->on_send = refusing(errc::system_busy);
  CHECK(code_of(send({}, chosen).get().error()) == errc::system_busy);
  CHECK(code_of(send({}, {{"orders"}, {"broker-x"}, {0}}).get().error()) == errc::broker_not_exist);
}

TEST_CASE_FIXTURE(fixture, "D14: an actor's batch is stored together, a result for each message") {
  send_messages request;
  for (int i = 0; i < 3; ++i)
    request.contents.push_back(message{{"orders"}, "body " + std::to_string(i)});
  auto sent = system.ask<sent_messages>(producer, request);
  REQUIRE(sent);
  REQUIRE(sent->results.size() == 3);
  CHECK(batches() == 1);
  CHECK(a->batches[0].count == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(sent->results[i].offset.value == static_cast<std::int64_t>(i));
    CHECK(sent->results[i].queue == sent->results[0].queue);
  }
  request.contents.push_back(message{{"other"}, "x"});
  CHECK(code_of(system.ask<sent_messages>(producer, request).error()) == errc::message_illegal);
}

TEST_CASE_FIXTURE(fixture, "D17: a one-way send is tried once and tells nobody") {
  a->on_send = b->on_send = refusing(errc::system_busy);
  system.send(producer, send_message_oneway{message{{"orders"}, "a body"}});
  CHECK(batches() == 1);
  system.advance(10s);
  CHECK(batches() == 1);
}

TEST_CASE_FIXTURE(fixture,
                  "producer: it joins its group on every broker, and again with each beat") {
  CHECK(a->joined.empty());
  send();
  REQUIRE(a->joined.size() == 1);
  REQUIRE(b->joined.size() == 1);
  CHECK(a->joined[0].group.value == "shop");
  CHECK(a->joined[0].client.value == "127.0.0.1@test");
  system.advance(61s);
  CHECK(a->joined.size() == 3);
  system.kill(book->brokers["a:10911"]);
  book->brokers["a:10911"] = test::spawn_fake_broker(system.system(), a);
  system.advance(1s);
  CHECK(a->joined.size() == 4); // at once on a restarted broker
}

TEST_CASE_FIXTURE(fixture,
                  "producer: close waits for what is under way, refuses more, and leaves") {
  a->on_send = b->on_send = never;
  auto sent = send();
  auto closed = system.request<producer_closed>(producer, close_producer{});
  auto again = system.request<producer_closed>(producer, close_producer{});
  CHECK_FALSE(closed.done());
  CHECK(code_of(send().get().error()) == errc::client_closed);
  system.advance(4s);
  CHECK(code_of(sent.get().error()) == errc::request_timeout);
  REQUIRE(closed.succeeded());
  CHECK(closed.get()->unfinished == 0);
  CHECK(again.succeeded());
  CHECK(a->left.size() == 1);
  CHECK(b->left.size() == 1);
}

TEST_CASE_FIXTURE(fixture, "producer: a producer that is ended fails what is under way") {
  a->on_send = never;
  auto sent = send();
  auto queues = system.request<writable_queues>(producer, get_writable_queues{{"orders"}});
  CHECK(queues.succeeded());
  system.kill(producer, caf::exit_reason::user_shutdown);
  CHECK(code_of(sent.get().error()) == errc::client_closed);
}

TEST_CASE_FIXTURE(fixture, "producer: the writable queues of a topic can be asked for") {
  auto queues = system.ask<writable_queues>(producer, get_writable_queues{{"orders"}});
  REQUIRE(queues);
  CHECK(queues->queues.size() == 4);
}

TEST_CASE_FIXTURE(fixture, "producer: without any name server it says so, and where it looked") {
  system.kill(std::exchange(book->name_servers, {})["n:9876"]);
  auto queues = system.request<writable_queues>(producer, get_writable_queues{{"orders"}});
  auto sent = send();
  system.advance(4s);
  CHECK(code_of(queues.get().error()) == errc::no_name_server);
  CHECK(code_of(sent.get().error()) == errc::no_name_server);
  CHECK(sentence(sent.get().error()).find("n:9876") != std::string::npos);
}

TEST_CASE_FIXTURE(fixture,
                  "producer: it takes what the program's threads left, and frees their room") {
  int stored = 0;
  auto leave = [&](std::string body) {
    auto run = encoder.encode(message{{"orders"}, std::move(body)}, 0);
    REQUIRE(run);
    auto& send = run->sends.front();
    send.holds_room = true;
    send.done = [&](const send_outcome& outcome) { stored += outcome.stored(); };
    left.push_back(std::move(*run));
  };
  for (int i = 0; i < 10; ++i)
    leave("body " + std::to_string(i));
  system.send(producer, drain_outbox{});
  CHECK(stored == 10);
  CHECK(room_released == 10);
  leave("never taken");
  system.kill(producer, caf::exit_reason::user_shutdown);
  CHECK(stored == 10);
  CHECK(room_released == 11);
}

TEST_CASE_FIXTURE(fixture, "producer: a broker's contradiction makes it ask for the route anew") {
  REQUIRE(send().succeeded());
  // The topic has shrunk, and the push that said so was lost.
  a->on_send = [](const send_batch& batch) {
    return std::optional<caf::expected<send_receipt>>{
      batch.queue.value == 0 ? caf::expected<send_receipt>{send_receipt{}}
                             : make_error(errc::invalid_parameter, "no such queue")};
  };
  topic_route shrunk{
    {}, {{{"broker-a"}, 1, 1, permission::read_write}}, {{{"c"}, {"broker-a"}, {{0, "a:10911"}}}}};
  system.kill(book->name_servers["n:9876"]);
  book->name_servers["n:9876"] = test::spawn_fake_name_server(system.system(), shrunk);
  CHECK(code_of(send().get().error()) == errc::invalid_parameter);
  system.advance(2s);
  for (int i = 0; i < 3; ++i)
    CHECK(send().get()->queue == message_queue{{"orders"}, {"broker-a"}, {0}});
}
