#include "actors/client/send_retry.hpp"

#include <exception>

#include "messages/codec/java_hash.hpp"

namespace cafmq {

bool is_retriable_answer(errc code, send_mode mode) {
  // client_closed stands for "the receiver is down", an answer that CAF gave in its place.
  if (code == errc::client_closed) return mode != send_mode::oneway;
  if (mode != send_mode::sync) return false;
  switch (code) {
    case errc::topic_not_exist:
    case errc::service_not_available:
    case errc::system_error:
    case errc::system_busy:
    case errc::no_permission: return true;
    default: return false;
  }
}

std::int32_t attempts_max(send_mode mode, const producer_config& config) {
  switch (mode) {
    case send_mode::sync: return 1 + config.retry_times_when_send_failed;
    case send_mode::async: return 1 + config.retry_times_when_send_async_failed;
    case send_mode::oneway: break;
  }
  return 1;
}

namespace {

caf::expected<message_queue> selected_queue(const queue_selector& selector,
                                            const topic_view& view) {
  try {
    return selector(view.write_queues);
  } catch (const std::exception& thrown) {
    return make_error(errc::invalid_parameter, "the queue selector for topic " + view.topic.value
                                                 + " has thrown: " + thrown.what());
  } catch (...) {
    return make_error(errc::invalid_parameter,
                      "the queue selector for topic " + view.topic.value + " has thrown");
  }
}

message_queue hashed_queue(const std::string& key, const topic_view& view) {
  // In 64 bits, because -2^31 has no absolute value in 32.
  auto hash = static_cast<std::int64_t>(java_hash(key));
  auto count = static_cast<std::int64_t>(view.write_queues.size());
  return view.write_queues[static_cast<std::size_t>((hash < 0 ? -hash : hash) % count)];
}

} // namespace

caf::expected<message_queue> chosen_queue(const queue_choice& choice, const topic_view& view) {
  if (choice.queue.broker.value.empty() && !choice.selector) return hashed_queue(choice.key, view);
  auto queue = choice.selector ? selected_queue(choice.selector, view)
                               : caf::expected<message_queue>{choice.queue};
  if (!queue) return queue;
  if (queue->topic != view.topic)
    return make_error(errc::invalid_parameter, "the chosen queue belongs to topic "
                                                 + queue->topic.value + ", the message to "
                                                 + view.topic.value);
  if (view.addresses.count(queue->broker) == 0)
    return make_error(errc::broker_not_exist, "the chosen queue is on broker " + queue->broker.value
                                                + ", which does not serve topic "
                                                + view.topic.value);
  return queue;
}

} // namespace cafmq
