#pragma once

#include <caf/expected.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <vector>

#include "actors/consumer_group/queue_allocation.hpp"
#include "config/broker_config.hpp"
#include "messages/groups.hpp"

namespace cafmq {

/// Who is in a consumer group, and what the group subscribes to.
///
/// All members are meant to subscribe alike. When they do not, the latest heartbeat wins for all:
/// its topics are the group's topics, and of two expressions for a topic that with the newer
/// version counts (RocketMQ: ConsumerGroupInfo.updateSubscription).
class group_membership {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using process = std::uint64_t; ///< a ticket of the shell for whoever sends

  struct member {
    process sender = 0;
    message_model model = message_model::clustering;
    allocation sharing;
    time_point last_heartbeat{};
  };

  struct join_outcome {
    bool is_new = false;         ///< a member more
    bool changed_shares = false; ///< who owns which queue has to be found out again
    bool changed_topics = false; ///< the group has other topics than before
  };

  explicit group_membership(const broker_config& config = {});

  /// A member joins, or beats. Errors: already_member while the client id lives in another process;
  /// system_busy beyond the limits of members and subscriptions; invalid_parameter for an unknown
  /// strategy. After an error nothing has changed.
  caf::expected<join_outcome> join(const join_consumer_group& request, process sender,
                                   time_point now);

  /// False when there is no such member.
  bool leave(const client_id& client);

  /// Takes out all members unheard for longer than channelExpiredTimeout.
  std::vector<client_id> expire(time_point now);

  /// The clients that `sender` joined.
  std::vector<client_id> clients_of(process sender) const;

  /// Those that share queues: clustering members with a strategy, sorted by client id.
  std::vector<sharing_member> sharers() const;

  const std::map<client_id, member>& members() const { return members_; }
  const std::map<topic_name, subscription>& subscriptions() const { return subscriptions_; }
  message_model model() const { return model_; } ///< as the latest heartbeat says

private:
  bool subscribe(const std::vector<subscription>& wanted);

  std::chrono::milliseconds silence_max_;
  std::size_t members_max_;
  std::map<client_id, member> members_;
  std::map<topic_name, subscription> subscriptions_;
  message_model model_ = message_model::clustering;
};

} // namespace cafmq
