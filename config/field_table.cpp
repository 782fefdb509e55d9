#include "config/field_table.hpp"

#include "config/field_builder.hpp"

namespace cafmq {

namespace {

using namespace detail;

void add_node_fields(std::vector<config_field>& table) {
  field_builder<node_config> f{table, "node", [](settings& s) -> node_config& { return s.node; }};
  f.number("schedulerThreads", &node_config::scheduler_threads, "", 0, 1'024,
           "Threads that run actors; 0 is one a core.");
  f.flag("trustedNetwork", &node_config::trusted_network,
         "Allows the native link to bind beyond loopback. It obeys whoever reaches it: say true "
         "only where a firewall or tunnel keeps everybody else out.");
  f.number("connectionTimeout", &node_config::connection_timeout, "ms", 0, day_ms,
           "A connection that was silent for so long is dropped, its peers count as dead; beats go "
           "three times as often. 0 turns both off. Alike on all nodes and clients.");
  f.text_of("logLevel", &node_config::log_level, {"debug", "info", "warn", "error", "off"},
            "The least severe log lines that are written.");
  f.text("logFile", &node_config::log_file, "Where log lines go; empty is standard error.");
}

void add_name_server_fields(std::vector<config_field>& table) {
  using config = name_server_config;
  field_builder<config> f{table, "namesrv", [](settings& s) -> config& { return s.name_server; }};
  f.number("listenPort", &config::listen_port, "", 0, 65'535, "Its port; 0 takes a free one.");
  f.text("bindAddress", &config::bind_address,
         "The address it binds; beyond loopback only with node.trustedNetwork.");
  f.number("scanNotActiveBrokerInterval", &config::scan_not_active_broker_interval, "ms", 1, day_ms,
           "How often silent brokers are looked for.");
  f.number("brokerNotActiveTimeout", &config::broker_not_active_timeout, "ms", 1, day_ms,
           "A broker silent for longer leaves the routes; its death is seen at once anyway.");
  f.number("routeSubscriptionTimeout", &config::route_subscription_timeout, "ms", 1, day_ms,
           "A client that has not repeated its wish for route news for so long is forgotten.");
  f.number("routeSubscriptionTopicsMax", &config::route_subscription_topics_max, "", 1, int32_max,
           "Most topics that one client may watch; beyond it the name server pushes no news to it, "
           "and the client polls.");
  f.number("routeSubscribersMax", &config::route_subscribers_max, "", 1, int32_max,
           "Most clients that may watch routes; beyond it new ones get no news pushed and poll.");
}

void add_broker_names(field_builder<broker_config>& f) {
  using config = broker_config;
  f.text("brokerClusterName", &config::broker_cluster_name, "The cluster that it belongs to.");
  f.text("brokerName", &config::broker_name,
         "Its name, unique among the masters of a cluster; queues are known by it.");
  f.number("brokerId", &config::broker_id, "", 0, 0, "0 is a master; slaves are not built yet.");
  f.text("brokerIP1", &config::broker_ip1,
         "The IPv4 address that clients are told and that stands in message ids; beyond loopback "
         "where bindAddress is.");
  f.number("listenPort", &config::listen_port, "", 0, 65'535, "Its port; 0 takes a free one.");
  f.text("bindAddress", &config::bind_address,
         "The address it binds; beyond loopback only with node.trustedNetwork.");
  f.addresses("namesrvAddr", &config::namesrv_addr,
              "Name servers to register with, all of them; empty: the one in this node.");
  f.number("registerNameServerPeriod", &config::register_name_server_period, "ms", 1, day_ms,
           "How often it registers again; topic changes register at once.");
}

void add_broker_behavior(field_builder<broker_config>& f) {
  using config = broker_config;
  f.number("brokerPermission", &config::broker_permission, "", 0, 7,
           "2 lets clients send, 4 lets them consume, 6 both.");
  f.flag("autoCreateTopicEnable", &config::auto_create_topic_enable,
         "A topic is created by sending to it.");
  f.flag("autoCreateSubscriptionGroup", &config::auto_create_subscription_group,
         "A consumer group is created by its first member.");
  f.number("defaultTopicQueueNums", &config::default_topic_queue_nums, "", 1, 65'536,
           "Queues of a topic that was created by sending to it.");
  f.number("channelExpiredTimeout", &config::channel_expired_timeout, "ms", 1, day_ms,
           "A client silent for longer is out of its groups; its death is seen at once anyway.");
  f.number("scanNotActiveChannelInterval", &config::scan_not_active_channel_interval, "ms", 1,
           day_ms, "How often silent clients are looked for.");
  f.number("flushConsumerOffsetInterval", &config::flush_consumer_offset_interval, "ms", 1, day_ms,
           "How often committed offsets are written to disk.");
  f.number("rebalanceLockMaxLiveTime", &config::rebalance_lock_max_live_time, "ms", 1, day_ms,
           "An orderly queue lock that is not renewed for so long is free.");
  f.number("queueReleaseTimeout", &config::queue_release_timeout, "ms", 1, day_ms,
           "A member that does not give a queue back within this loses it anyway.");
  f.number("longPollingMax", &config::long_polling_max, "ms", 1, day_ms,
           "The longest time that a pull may wait for messages.");
  f.flag("longPollingEnable", &config::long_polling_enable,
         "A pull without messages waits; off, it is answered at once.");
  f.number("pullRequestsWaitingMax", &config::pull_requests_waiting_max, "", 1, int32_max,
           "Most pulls that may wait at one queue; beyond it system busy.");
  f.number("groupMembersMax", &config::group_members_max, "", 1, int32_max,
           "Most members of one group; beyond it system busy.");
  f.number("queueActorsMax", &config::queue_actors_max, "", 1, int32_max,
           "Most queues that the broker serves at once; beyond it system busy.");
}

std::vector<config_field> build_table() {
  std::vector<config_field> table;
  add_node_fields(table);
  add_name_server_fields(table);
  field_builder<broker_config> broker{table, "broker",
                                      [](settings& s) -> broker_config& { return s.broker; }};
  add_broker_names(broker);
  add_broker_behavior(broker);
  add_store_fields(table);
  add_client_fields(table);
  return table;
}

} // namespace

const std::vector<config_field>& field_table() {
  static const std::vector<config_field> table = build_table();
  return table;
}

const config_field* find_field(std::string_view section, std::string_view key) {
  for (const auto& field : field_table())
    if (field.section == section && field.key == key) return &field;
  return nullptr;
}

std::string to_text(const config_value& value) {
  if (auto flag = std::get_if<bool>(&value)) return *flag ? "true" : "false";
  if (auto number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
  if (auto text = std::get_if<std::string>(&value)) return *text;
  std::string joined;
  for (const auto& part : std::get<std::vector<std::string>>(value))
    joined += (joined.empty() ? "" : ";") + part;
  return joined;
}

} // namespace cafmq
