#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/client/consumer_actor.hpp"
#include "config/broker_config.hpp"
#include "messages/client_consuming.hpp"
#include "support/deterministic_system.hpp"

namespace cafmq::test {

/// A message as a listener of a virtual consumer got it.
struct heard {
  std::string consumer;
  message_queue queue;
  std::int64_t offset = 0;
  std::string body;
  std::string tag;
  std::int32_t reconsume_times = 0;
  caf::actor_clock::time_point at{}; ///< virtual time
};

/// How the listener of a virtual consumer behaves; shared by the test and the listener's actor.
struct listener_script {
  /// Whether the message is consumed; without it each is.
  std::function<bool(const heard&)> consume;
  /// Batches are kept unanswered, as by a listener that takes its time.
  bool hangs = false;
};

/// Name server, brokers with real stores in memory, and client processes with real consumers, on
/// virtual time. Brokers and processes can be killed and started again; a process can fall silent.
class virtual_cluster {
public:
  explicit virtual_cluster(std::optional<std::uint64_t> seed = std::nullopt);
  ~virtual_cluster();
  virtual_cluster(const virtual_cluster&) = delete;
  virtual_cluster& operator=(const virtual_cluster&) = delete;

  /// Starts a broker, again from what its store holds.
  void start_broker(const std::string& name = "broker-a");
  /// As SIGKILL does: what was not written is lost, whoever was connected learns it.
  void kill_broker(const std::string& name);
  /// On every broker that runs.
  void create_topic(const std::string& topic, std::int32_t queues = 4);
  void alter_topic(const std::string& topic, std::int32_t read, std::int32_t write);
  void remove_topic(const std::string& topic);

  /// Stores a message; returns its offset.
  std::int64_t send(const std::string& topic, std::int32_t queue, const std::string& body,
                    const std::string& tag = {}, const std::string& broker = "broker-a");
  /// `count` messages, each with its number as body, in turns into `queues` queues.
  void send_many(const std::string& topic, int count, std::int32_t queues = 4);

  /// A consumer in a process of this name, which is made with it; several may live in one.
  consumer_handle consume(const std::string& process, consumer_config config,
                          std::vector<subscription> subscriptions,
                          std::shared_ptr<listener_script> script = nullptr,
                          local_offset_handle offsets = {});
  /// Leaves as a program does.
  void close(const consumer_handle& consumer);
  /// Everything in it dies at once.
  void kill_process(const std::string& name);
  /// Only the listener of its first consumer dies.
  void kill_listener(const std::string& name);
  /// Nothing that it sends reaches a broker any more, and nobody is told.
  void silence(const std::string& name, bool silent = true);
  /// Only its requests for queue locks do not, renewals included.
  void lose_locks(const std::string& name, bool lost = true);

  group_description describe(const std::string& group, const std::string& broker = "broker-a");
  /// Client id by queue id, for one topic on one broker.
  std::map<std::int32_t, std::string> owners(const std::string& group,
                                             const std::string& broker = "broker-a");
  std::map<std::int32_t, std::int64_t> committed(const std::string& group,
                                                 const std::string& broker = "broker-a");

  /// Bodies heard by all listeners, or by one process.
  std::multiset<std::string> bodies(const std::string& process = {}) const;

  deterministic_system system;
  broker_config defaults; ///< for brokers started from now on
  std::vector<heard> log; ///< everything that was consumed, in order

private:
  struct running_broker;
  struct client_process;

  client_process& process(const std::string& name);

  name_server_handle name_server_;
  connector_handle connector_;
  std::map<std::string, std::unique_ptr<running_broker>> brokers_;
  std::map<std::string, std::unique_ptr<client_process>> processes_;
};

} // namespace cafmq::test
