#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "messages/admin.hpp"
#include "messages/received_message.hpp"
#include "messages/topic.hpp"
#include "runtime/client/client.hpp"
#include "runtime/client/result.hpp"

namespace cafmq {

/// A broker that stands in the routes.
struct broker_info {
  cluster_name cluster;
  broker_name name;
  std::int64_t id = 0; ///< 0: the master
  std::string address; ///< host:port
};

/// Which masters an operation is for.
struct broker_choice {
  std::string cluster{}; ///< empty: of all clusters
  std::string broker{};  ///< empty: of all names
};

/// What to change of a topic; the rest stays.
struct topic_alteration {
  std::optional<std::int32_t> read_queues{};
  std::optional<std::int32_t> write_queues{};
  std::optional<std::int32_t> perm{}; ///< bits of `permission`
  std::optional<bool> order{};

  void apply_to(topic_config& topic) const;
};

/// A topic as each of these brokers keeps it now.
struct changed_topic {
  std::map<broker_name, topic_config> brokers;
  bool routed = true; ///< false: the name server did not show it within three seconds
};

struct topic_queue {
  message_queue queue;
  queue_bounds bounds;
  std::int32_t perm = 0;
};

/// What all masters know of a consumer group.
struct consumer_group {
  struct member {
    std::int64_t silent_ms = 0; ///< since its last heartbeat
    std::vector<message_queue> queues{};
  };
  struct position {
    client_id owner; ///< empty: nobody
    queue_offset committed, min, max;

    std::int64_t lag() const { return max - (committed == no_offset ? min : committed); }
  };
  group_summary summary;
  std::map<client_id, member> members;
  std::map<message_queue, position> queues;

  std::int64_t lag() const;
};

/// Looks at a cluster and changes its topics, as RocketMQ's DefaultMQAdminExt does. Each call asks
/// the name server and each broker concerned once, waits for each mqClientApiTimeout at most, and
/// stops at the first that fails: what was done on others before stays done. Any thread may call,
/// callbacks and listeners too. No CAF needed.
///
/// Failures of all: no_name_server, broker_not_exist, request_timeout; a broker's own failure
/// carries its name and address.
///
///     cafmq::admin admin{client};
///     auto created = admin.create_topic({.topic = {"orders"}, .read_queues = 8, .write_queues =
///     8});
class admin {
public:
  explicit admin(const client& client);
  ~admin();
  admin(admin&&) noexcept;
  admin& operator=(admin&&) noexcept;

  result<std::vector<broker_info>> brokers();
  /// How it is and what it holds. A failure does not repeat the name.
  result<broker_status> status(const broker_info& broker);

  /// On every master of the choice; waits until the name server shows it, too. Failures:
  /// invalid_parameter, topic_exist_already, no_permission.
  result<changed_topic> create_topic(const topic_config& topic, const broker_choice& where = {});
  /// On those masters of the choice that have the topic. Failures: topic_not_exist, when none has,
  /// and as `create_topic`.
  result<changed_topic> update_topic(const topic_name& topic, const topic_alteration& change,
                                     const broker_choice& where = {});
  /// With all its messages; returns who had it, as it was. Failures: topic_not_exist, when none
  /// had.
  result<changed_topic> delete_topic(const topic_name& topic, const broker_choice& where = {});
  /// Sorted; without those that clients and brokers make for themselves, unless asked for.
  result<std::vector<topic_name>> topics(bool with_system_topics = false);
  /// Failure: topic_not_exist, when no live broker serves it.
  result<topic_route> route(const topic_name& topic);
  result<std::vector<topic_queue>> topic_queues(const topic_name& topic);

  /// Groups of consumers and of producers, sorted by name.
  result<std::vector<group_summary>> groups();
  /// Failure: group_not_exist, when no broker knows it.
  result<consumer_group> describe_group(const group_name& group);

  /// The message with this offset message id or unique key; of several with the key the newest.
  /// `topic`: where to look for a key; empty: in all topics. Failure: message_not_found.
  result<received_message> view_message(const std::string& id, const topic_name& topic = {});
  /// Messages with this key or unique key that were stored from `begin` to `end`, oldest first;
  /// from each broker `count_max` at most.
  result<std::vector<received_message>> query_messages(const topic_name& topic,
                                                       const std::string& key, int count_max = 32,
                                                       wall_time_ms begin = 0,
                                                       wall_time_ms end = INT64_MAX);
  /// Up to `count_max` messages of a queue from an offset on; without a broker name, of the queue
  /// with this id on each broker in turn. It is no consuming: no group notices.
  result<std::vector<received_message>> messages_at(const message_queue& queue, std::int64_t offset,
                                                    int count_max = 32);

private:
  class inside;
  std::unique_ptr<inside> inside_;
};

} // namespace cafmq
