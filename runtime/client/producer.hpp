#pragma once

#include <functional>
#include <future>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "config/client_config.hpp"
#include "messages/message.hpp"
#include "messages/send_result.hpp"
#include "runtime/client/client.hpp"
#include "runtime/client/result.hpp"

namespace cafmq {

/// Sends messages. All functions may be called from any thread at once; no CAF needed. Sends of
/// many threads, and async sends, travel in common batches, which form by themselves under load.
///
///     cafmq::client client;
///     cafmq::producer producer{client, {.producer_group = "shop"}};
///     auto sent = producer.send({{"orders"}, "a body"});
///     if (!sent) std::cerr << sent.sentence() << '\n';
class producer {
public:
  using send_callback = std::function<void(result<send_result>)>;
  using selector = std::function<message_queue(const std::vector<message_queue>&)>;

  explicit producer(const client& client, producer_config config = {});
  /// As `close`.
  ~producer();
  producer(producer&&) noexcept;
  producer& operator=(producer&&) noexcept;

  /// Sends and waits until the broker has stored it: sendMsgTimeout at most, over all retries.
  /// Failures: message_illegal, invalid_parameter, topic_not_exist, no_name_server,
  /// broker_not_exist, request_timeout (it may be stored), client_closed, and what the broker
  /// refuses.
  result<send_result> send(const message& m);
  /// All messages of one topic in one queue, with consecutive offsets, or none of them.
  result<std::vector<send_result>> send(std::span<const message> batch);
  /// Messages with one key go to one queue as long as the number of queues stays; never retried in
  /// another.
  result<send_result> send(const message& m, std::string_view key);
  result<send_result> send(const message& m, const message_queue& queue);
  /// `choose` is given the writable queues, sorted. It runs in the client's thread for sockets, so
  /// it must be quick, and may call nothing that waits.
  result<send_result> send(const message& m, selector choose);

  /// Returns when the message has its place in the outbox, which holds callers back while too much
  /// is unacknowledged (backPressureForAsyncSendNum and -Size). Callbacks run one after another in
  /// a thread of this producer; one that takes long delays the next ones, and sends may then find
  /// no room.
  void send_async(const message& m, send_callback callback);
  void send_async(const message& m, std::string_view key, send_callback callback);
  std::future<result<send_result>> send_async(const message& m);
  /// As `send` of a batch, without waiting.
  void send_async(std::span<const message> batch,
                  std::function<void(result<std::vector<send_result>>)> callback);

  /// Sends once and reports nothing, except what is wrong with the message itself.
  result<done> send_oneway(const message& m);

  /// Waits until no asynchronous or one-way send is under way, those included that other threads
  /// begin meanwhile. In a callback of this producer it does not wait.
  void flush();
  /// The queues that sends to `topic` may go to now. Failures: topic_not_exist, no_name_server.
  result<std::vector<message_queue>> message_queues(const std::string& topic);

  /// Refuses new sends, waits for those under way, leaves the group. Further calls do nothing.
  void close();

private:
  class inside;
  std::shared_ptr<inside> inside_;
};

} // namespace cafmq
