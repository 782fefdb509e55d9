// The shortest way through: start a broker in this process, send, consume.

#include <atomic>
#include <cafmq/node.hpp>
#include <cafmq/producer.hpp>
#include <cafmq/push_consumer.hpp>
#include <iostream>

int main() {
  cafmq::node node{cafmq::embedded_node_config()};
  cafmq::client_config config;
  config.namesrv_addr = {node.name_server_address()};
  cafmq::client client{config};

  cafmq::producer producer{client};
  for (int i = 0; i < 10; ++i) {
    cafmq::message m{{"orders"}, "order " + std::to_string(i)};
    m.set("TAGS", i % 2 == 0 ? "paid" : "open");
    auto sent = producer.send(m);
    if (!sent) {
      std::cerr << sent.sentence() << '\n';
      return 1;
    }
    std::cout << "sent " << sent->msg_id() << " to queue " << sent->queue().id.value << '\n';
  }

  std::atomic<int> seen{0};
  cafmq::consumer_config settings;
  settings.consumer_group = "billing";
  settings.from = cafmq::consume_from::first_offset;
  cafmq::push_consumer consumer{client, settings};
  auto subscribed = consumer.subscribe("orders", "paid");
  if (!subscribed) {
    std::cerr << subscribed.sentence() << '\n';
    return 1;
  }
  consumer.on_message([&](std::span<const cafmq::received_message> messages) {
    for (const auto& m : messages) {
      std::cout << "consumed " << m.body() << " [" << m.tags() << "]\n" << std::flush;
      ++seen;
      seen.notify_all();
    }
    return cafmq::consume_status::success;
  });
  if (auto started = consumer.start(); !started) {
    std::cerr << started.sentence() << '\n';
    return 1;
  }
  for (int count = seen; count < 5; count = seen)
    seen.wait(count);
  consumer.close();
  return seen == 5 ? 0 : 1;
}
