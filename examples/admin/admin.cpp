// Looks after a cluster from a program: topics, groups, messages, brokers.

#include <cafmq/admin.hpp>
#include <cafmq/node.hpp>
#include <cafmq/producer.hpp>
#include <iostream>

namespace {

template <class T>
T must(cafmq::result<T> outcome) {
  if (outcome) return std::move(*outcome);
  std::cerr << outcome.sentence() << '\n';
  std::exit(1);
}

} // namespace

int main() {
  cafmq::node node{cafmq::embedded_node_config()};
  cafmq::client_config config;
  config.namesrv_addr = {node.name_server_address()};
  cafmq::client client{config};
  cafmq::admin admin{client};

  must(admin.create_topic(
    {.topic = {"orders"}, .read_queues = 2, .write_queues = 2, .attributes = {}}));
  cafmq::producer producer{client};
  cafmq::message order{{"orders"}, "two chairs"};
  order.set("KEYS", "order-4711");
  const auto sent = must(producer.send(order));

  for (const auto& message : must(admin.query_messages({"orders"}, "order-4711")))
    std::cout << "found " << message.body() << " in queue " << message.queue_id() << '\n';
  if (must(admin.view_message(sent.msg_id())).body() != order.body) return 1;
  for (const auto& [queue, bounds, perm] : must(admin.topic_queues({"orders"})))
    std::cout << "queue " << queue.id.value << " holds " << bounds.max - bounds.min << '\n';
  for (const auto& broker : must(admin.brokers()))
    std::cout << broker.name.value << " has taken " << must(admin.status(broker)).messages_in
              << '\n';

  must(admin.delete_topic({"orders"}));
  return must(admin.topics()).empty() ? 0 : 1;
}
