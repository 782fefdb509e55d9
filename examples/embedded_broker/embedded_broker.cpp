// A broker inside a unit test: it starts in tens of milliseconds, in memory, on free ports, and is
// gone with its object.

#include <cafmq/node.hpp>
#include <cafmq/producer.hpp>
#include <chrono>
#include <iostream>

namespace {

/// What somebody would test: a shop that announces each order.
bool announce_order(cafmq::producer& to, int number) {
  return to.send({{"orders"}, "order " + std::to_string(number)}).has_value();
}

} // namespace

int main() {
  auto started = std::chrono::steady_clock::now();
  cafmq::node node{cafmq::embedded_node_config()};
  auto took = std::chrono::steady_clock::now() - started;
  std::cout << "broker ready after "
            << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms\n";

  cafmq::client_config config;
  config.namesrv_addr = {node.name_server_address()};
  cafmq::producer producer{cafmq::client{config}};
  for (int i = 0; i < 100; ++i)
    if (!announce_order(producer, i)) return 1;
  auto queues = producer.message_queues("orders");
  return queues && queues->size() == 4 ? 0 : 1;
}
