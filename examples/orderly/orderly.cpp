// One key, one order: the messages of each customer go to one queue and are consumed one after
// another, also when a listener fails.

#include <atomic>
#include <cafmq/node.hpp>
#include <cafmq/producer.hpp>
#include <cafmq/push_consumer.hpp>
#include <iostream>
#include <map>
#include <mutex>
#include <string>

int main() {
  constexpr int customers = 3, steps = 5;
  cafmq::node node{cafmq::embedded_node_config()};
  cafmq::client_config config;
  config.namesrv_addr = {node.name_server_address()};
  cafmq::client client{config};

  cafmq::producer producer{client};
  for (int step = 0; step < steps; ++step)
    for (int customer = 0; customer < customers; ++customer) {
      auto name = "customer " + std::to_string(customer);
      if (auto sent = producer.send({{"orders"}, name + ", step " + std::to_string(step)}, name);
          !sent) {
        std::cerr << sent.sentence() << '\n';
        return 1;
      }
    }

  std::mutex mutex;
  std::map<std::string, int> next; // step by customer
  std::atomic<int> done{0};
  bool failed_once = false, in_order = true;
  cafmq::consumer_config settings;
  settings.consumer_group = "billing";
  settings.from = cafmq::consume_from::first_offset;
  settings.orderly = true;
  settings.suspend_current_queue_time = std::chrono::milliseconds{50};
  cafmq::push_consumer consumer{client, settings};
  if (auto subscribed = consumer.subscribe("orders"); !subscribed) return 1;
  consumer.on_message([&](std::span<const cafmq::received_message> messages) {
    std::lock_guard lock{mutex};
    for (const auto& m : messages) {
      std::string body{m.body()};
      if (!failed_once && body == "customer 1, step 2") {
        failed_once = true; // its queue waits and tries this message again before any later one
        return cafmq::consume_status::reconsume_later;
      }
      auto name = body.substr(0, body.find(','));
      in_order = in_order && body == name + ", step " + std::to_string(next[name]++);
      std::cout << body << '\n' << std::flush;
      ++done;
      done.notify_all();
    }
    return cafmq::consume_status::success;
  });
  if (auto started = consumer.start(); !started) {
    std::cerr << started.sentence() << '\n';
    return 1;
  }
  for (int count = done; count < customers * steps; count = done)
    done.wait(count);
  consumer.close();
  return in_order && failed_once ? 0 : 1;
}
