#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "config/store_config.hpp"
#include "messages/topic.hpp"

namespace cafmq {

/// A broker. JSON section `broker`, keys as in RocketMQ's BrokerConfig.
struct broker_config {
  std::string broker_cluster_name = "DefaultCluster";
  std::string broker_name = "broker-a";
  std::int64_t broker_id = 0; ///< 0 master
  /// The IPv4 address that clients are told and that stands in message ids. Loopback only where
  /// `bind_address` is.
  std::string broker_ip1 = "127.0.0.1";
  /// Port of the native link; 0 takes a free one. RocketMQ: 10911.
  std::uint16_t listen_port = 10911;
  std::string bind_address = "127.0.0.1";
  /// Name servers, host:port; all are registered with. Empty in a standalone node: its own.
  std::vector<std::string> namesrv_addr;
  std::chrono::milliseconds register_name_server_period{30'000};
  std::int32_t broker_permission = permission::read_write;
  bool auto_create_topic_enable = true;
  bool auto_create_subscription_group = true;
  /// Queues of a topic created by sending to it; TBW102 itself has 8 (RocketMQ: clients ask for 4).
  std::int32_t default_topic_queue_nums = 4;
  /// A group member or producer silent for longer is out (RocketMQ: 120 s), looked for every scan
  /// interval (10 s).
  std::chrono::milliseconds channel_expired_timeout{120'000};
  std::chrono::milliseconds scan_not_active_channel_interval{10'000};
  /// How often committed offsets are written to config/consumerOffset.json.
  std::chrono::milliseconds flush_consumer_offset_interval{5'000};
  /// Orderly queue locks not renewed for longer are free (RocketMQ: 60 s).
  std::chrono::milliseconds rebalance_lock_max_live_time{60'000};
  /// A member that does not give a queue back within this loses it anyway.
  std::chrono::milliseconds queue_release_timeout{20'000};
  /// Longest time a pull may wait for messages; a client asks for 15 s.
  std::chrono::milliseconds long_polling_max{30'000};
  bool long_polling_enable = true;
  /// Limits; beyond each, errc::system_busy.
  std::int32_t pull_requests_waiting_max = 100'000; ///< parked pulls of one queue
  std::int32_t group_members_max = 10'000;
  std::int32_t queue_actors_max = 1'000'000;
  store_config store;
};

} // namespace cafmq
