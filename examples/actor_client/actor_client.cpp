// Client actors in the actor system of an application: it spawns connector, client, producer and
// consumer, sends by requests, and hears messages in an actor of its own.

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <cafmq/batch_messages.hpp>
#include <cafmq/client_actor.hpp>
#include <cafmq/connector_actor.hpp>
#include <cafmq/consumer_actor.hpp>
#include <cafmq/node.hpp>
#include <cafmq/producer_actor.hpp>
#include <cafmq/register_messages.hpp>
#include <chrono>
#include <future>
#include <iostream>
#include <random>
#include <unistd.h>

#include "messages/type_ids.hpp"

using namespace std::chrono_literals;

namespace {

constexpr int orders = 10;
constexpr std::uint32_t loopback = 0x7F000001;

struct application_config : caf::actor_system_config {
  application_config() {
    load<caf::io::middleman>();
    set("middleman.app-identifiers", std::vector<std::string>{"cafmq"});
    cafmq::register_messages(*this);
  }
};

cafmq::wall_time_ms now() {
  auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_1970).count();
}

struct listener_state {
  static inline const char* name = "order_listener";
  int seen = 0;
};

/// Consumes orders; whatever it does not name in `failed` is done.
cafmq::listener_handle::behavior_type
order_listener(cafmq::listener_handle::stateful_pointer<listener_state> self,
               const std::shared_ptr<std::promise<void>>& all_seen) {
  return {
    [=](const cafmq::consume_batch& batch) {
      cafmq::for_each_message(batch, [&](const cafmq::received_message& order) {
        std::cout << "consumed " << order.body() << '\n';
        if (++self->state.seen == orders) all_seen->set_value();
        return true;
      });
      return cafmq::consume_result{.delivery = batch.delivery, .failed = {}};
    },
  };
}

} // namespace

int main() {
  cafmq::node node{cafmq::embedded_node_config()}; // in real life it runs elsewhere
  application_config config;
  caf::actor_system system{config};
  cafmq::client_config shared;
  shared.namesrv_addr = {node.name_server_address()};
  auto random = [engine = std::mt19937_64{std::random_device{}()}]() mutable { return engine(); };
  auto connector = cafmq::spawn_connector(system, shared.connect_timeout);
  auto client = cafmq::spawn_client(system, shared, connector, random);

  cafmq::producer_config sending{.producer_group = "shop"};
  cafmq::unique_key_source keys{loopback, static_cast<std::uint32_t>(::getpid()), 1, 0};
  auto producer = cafmq::spawn_producer(system, {.config = sending,
                                                 .client = client,
                                                 .id = {"127.0.0.1@shop"},
                                                 .encoder = {sending, loopback, keys},
                                                 .clock = now,
                                                 .random = random});
  caf::scoped_actor self{system};
  bool failed = false;
  for (int i = 0; i < orders && !failed; ++i) {
    cafmq::message order{{"orders"}, "order " + std::to_string(i)};
    self->request(producer, 5s, cafmq::send_message{order, "customer " + std::to_string(i % 3), {}})
      .receive(
        [](const cafmq::sent_message& sent) {
          std::cout << "sent " << sent.msg_id << " to queue " << sent.queue.id.value << '\n';
        },
        [&](const caf::error& why) {
          std::cerr << cafmq::sentence(why) << '\n';
          failed = true;
        });
  }

  auto all_seen = std::make_shared<std::promise<void>>();
  auto listener = system.spawn(order_listener, all_seen);
  cafmq::consumer_parts parts;
  parts.config.consumer_group = "billing";
  parts.config.from = cafmq::consume_from::first_offset;
  parts.client = client;
  parts.id = {"127.0.0.1@billing"};
  parts.subscriptions = {{{"orders"}}};
  parts.listener = listener;
  parts.clock = now;
  auto consumer = cafmq::spawn_consumer(system, parts);
  if (!consumer) {
    std::cerr << cafmq::sentence(consumer.error()) << '\n';
    failed = true;
  }
  if (!failed) failed = all_seen->get_future().wait_for(20s) != std::future_status::ready;

  // The end: consumer and producer say goodbye to their brokers, then everybody goes.
  if (consumer)
    self->request(*consumer, 10s, cafmq::close_consumer{})
      .receive([](const cafmq::consumer_closed&) {}, [](const caf::error&) {});
  self->request(producer, 10s, cafmq::close_producer{})
    .receive([](const cafmq::producer_closed&) {}, [](const caf::error&) {});
  self->send_exit(listener, caf::exit_reason::user_shutdown);
  self->send_exit(client, caf::exit_reason::user_shutdown);
  self->send_exit(connector, caf::exit_reason::user_shutdown);
  return failed ? 1 : 0;
}
