#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cafmq {

/// A name server. JSON section `namesrv`.
struct name_server_config {
  /// Port of the native link; 0 takes a free one. RocketMQ: 9876.
  std::uint16_t listen_port = 9876;
  /// The address it binds. Anything but loopback needs `node.trustedNetwork`.
  std::string bind_address = "127.0.0.1";
  /// How often silent brokers are looked for (RocketMQ 4.9: 10 s).
  std::chrono::milliseconds scan_not_active_broker_interval{10'000};
  /// A broker silent for longer leaves the routes (RocketMQ: 120 s).
  std::chrono::milliseconds broker_not_active_timeout{120'000};
  /// Route subscriptions not repeated for longer are forgotten; clients repeat them with each 30 s
  /// poll.
  std::chrono::milliseconds route_subscription_timeout{120'000};
  /// Most topics one route subscription may name, and most subscribers; whom it refuses polls.
  std::uint32_t route_subscription_topics_max = 10'000;
  std::uint32_t route_subscribers_max = 100'000;
};

} // namespace cafmq
