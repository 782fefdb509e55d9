#include "config/config_check.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <string>

#include "config/field_table.hpp"

namespace cafmq {

namespace {

bool all_digits(std::string_view text) {
  return !text.empty()
         && std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c); });
}

/// The number, or -1.
int small_number(std::string_view text) {
  int value = 0;
  if (!all_digits(text) || text.size() > 5) return -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

class checker {
public:
  explicit checker(const settings& values) : values_(values) {}

  std::vector<config_fault> run() {
    for (const auto& field : field_table())
      if (looked_at(field.section)) check_field(field);
    if (values_.has("store") && !values_.has("broker"))
      fault("store", "configures a store, but there is no section broker that would use it");
    if (values_.has("namesrv")) check_name_server();
    if (values_.has("broker")) check_broker();
    if (values_.has("broker")) check_store();
    check_node();
    check_client();
    return std::move(faults_);
  }

private:
  bool looked_at(std::string_view section) const {
    if (section == "store") return values_.has("broker");
    return section == "node" || section == "client" || values_.has(section);
  }

  void fault(std::string path, std::string sentence) {
    faults_.push_back({"", std::move(path), std::move(sentence), ""});
  }

  void check_field(const config_field& field) {
    const auto value = field.get(values_);
    if (field.kind == field_kind::integer) {
      const auto number = std::get<std::int64_t>(value);
      if (number >= field.min && number <= field.max) return;
      const std::string unit = field.unit.empty() ? "" : " " + std::string{field.unit};
      fault(field.path(), "is " + std::to_string(number) + ", but must be within "
                            + std::to_string(field.min) + ".." + std::to_string(field.max) + unit);
    } else if (field.kind == field_kind::choice) {
      const auto& text = std::get<std::string>(value);
      if (std::ranges::find(field.choices, text) != field.choices.end()) return;
      std::string allowed;
      for (const auto& choice : field.choices)
        allowed += (allowed.empty() ? "" : ", ") + choice;
      fault(field.path(), "is \"" + text + "\", but must be one of " + allowed);
    } else if (field.kind == field_kind::addresses) {
      for (const auto& address : std::get<std::vector<std::string>>(value))
        if (!is_address(address))
          fault(field.path(), "\"" + address + "\" is not host:port with a port of 1..65535");
    }
  }

  void check_bind(const std::string& path, const std::string& address) {
    if (address.empty())
      fault(path, "is empty; 127.0.0.1 binds this machine only");
    else if (!is_loopback(address) && !values_.node.trusted_network)
      fault(path, "binds beyond loopback (" + address
                    + "), where the native link obeys whoever reaches it; say "
                      "node.trustedNetwork=true if nobody else can");
  }

  void not_longer(const std::string& path, std::int64_t value, const std::string& limit_key,
                  std::int64_t limit) {
    if (value > limit)
      fault(path, "is " + std::to_string(value) + ", but must not exceed " + limit_key + " ("
                    + std::to_string(limit) + ")");
  }

  void check_node() {
    const auto timeout = values_.node.connection_timeout.count();
    if (timeout > 0 && timeout < 300)
      fault("node.connectionTimeout",
            "is " + std::to_string(timeout)
              + ", but must be 0 (off) or at least 300 ms: a third of it is the beat");
  }

  void check_name_server() {
    const auto& c = values_.name_server;
    check_bind("namesrv.bindAddress", c.bind_address);
    not_longer("namesrv.scanNotActiveBrokerInterval", c.scan_not_active_broker_interval.count(),
               "namesrv.brokerNotActiveTimeout", c.broker_not_active_timeout.count());
    if (values_.has("broker"))
      not_longer("broker.registerNameServerPeriod",
                 values_.broker.register_name_server_period.count(),
                 "namesrv.brokerNotActiveTimeout", c.broker_not_active_timeout.count());
    if (values_.has("broker") && c.listen_port != 0 && c.listen_port == values_.broker.listen_port)
      fault("broker.listenPort", "is the port of namesrv.listenPort, too ("
                                   + std::to_string(c.listen_port) + "); one of them must differ");
  }

  void check_name(const std::string& path, const std::string& name) {
    constexpr std::size_t name_length_max = 255;
    const bool plain = std::ranges::all_of(name, [](unsigned char c) {
      return std::isalnum(c) || c == '-' || c == '_' || c == '.' || c == '%' || c == '@';
    });
    if (name.empty() || name.size() > name_length_max || !plain)
      fault(path, "is \"" + name + "\", but must be 1..255 letters, digits or -_.%@");
  }

  void check_broker() {
    const auto& c = values_.broker;
    check_bind("broker.bindAddress", c.bind_address);
    check_name("broker.brokerName", c.broker_name);
    check_name("broker.brokerClusterName", c.broker_cluster_name);
    if (!is_ipv4(c.broker_ip1) || c.broker_ip1 == "0.0.0.0")
      fault("broker.brokerIP1",
            "is \"" + c.broker_ip1 + "\", but must be an IPv4 address that clients can reach");
    else if (is_loopback(c.broker_ip1) && !c.bind_address.empty() && !is_loopback(c.bind_address))
      fault("broker.brokerIP1",
            "is " + c.broker_ip1 + ", but broker.bindAddress is " + c.bind_address
              + ": clients elsewhere would dial themselves; set broker.brokerIP1 to this machine's "
                "address");
    if (c.namesrv_addr.empty() && !values_.has("namesrv"))
      fault("broker.namesrvAddr",
            "is empty and this node runs no name server, so no client would find the broker; "
            "give host:port of each name server, or a section namesrv");
    not_longer("broker.scanNotActiveChannelInterval", c.scan_not_active_channel_interval.count(),
               "broker.channelExpiredTimeout", c.channel_expired_timeout.count());
    if ((c.broker_permission & 1) != 0)
      fault("broker.brokerPermission",
            "is " + std::to_string(c.broker_permission) + ", but must be 0, 2, 4 or 6");
  }

  void check_store() {
    const auto& c = values_.broker.store;
    constexpr std::int64_t unit_bytes = 20; // one entry of a consume queue
    if (c.mapped_file_size_consume_queue % unit_bytes != 0)
      fault("store.mappedFileSizeConsumeQueue",
            "is " + std::to_string(c.mapped_file_size_consume_queue)
              + ", but must be a multiple of 20, the size of an entry");
    for (auto hour : split(c.delete_when, ';'))
      if (hour.size() > 2 || small_number(hour) < 0 || small_number(hour) > 23)
        fault("store.deleteWhen", "\"" + std::string{hour} + "\" is not an hour of 00..23");
    not_longer("store.diskMaxUsedSpaceRatio", c.disk_max_used_space_ratio,
               "store.diskSpaceCleanForciblyRatio", c.disk_space_clean_forcibly_ratio);
    not_longer("store.diskSpaceCleanForciblyRatio", c.disk_space_clean_forcibly_ratio,
               "store.diskSpaceWarningLevelRatio", c.disk_space_warning_level_ratio);
    not_longer("store.maxMessageSize", c.max_message_size, "store.sendBytesInFlightMax",
               c.send_bytes_in_flight_max);
  }

  void check_client() {
    const auto& c = values_.consumer;
    if (!values_.client.client_ip.empty() && !is_ipv4(values_.client.client_ip))
      fault("client.clientIP",
            "is \"" + values_.client.client_ip + "\", but must be IPv4 or empty");
    not_longer("client.pullSuspend", c.pull_suspend.count(), "client.pullTimeout",
               c.pull_timeout.count());
    not_longer("client.lockInterval", c.lock_interval.count(), "client.lockExpiry",
               c.lock_expiry.count());
    not_longer("client.localRetryBackoff", c.local_retry_backoff.count(),
               "client.localRetryBackoffMax", c.local_retry_backoff_max.count());
  }

  const settings& values_;
  std::vector<config_fault> faults_;
};

} // namespace

std::vector<config_fault> check(const settings& values) { return checker{values}.run(); }

std::vector<config_fault> check(const node_config& node) {
  settings values;
  values.node = node;
  if (node.name_server) {
    values.name_server = *node.name_server;
    values.sections.insert("namesrv");
  }
  if (node.broker) {
    values.broker = *node.broker;
    values.sections.insert("broker");
  }
  return check(values);
}

bool is_ipv4(std::string_view text) {
  const auto parts = split(text, '.');
  return parts.size() == 4 && std::ranges::all_of(parts, [](std::string_view part) {
           return part.size() <= 3 && small_number(part) >= 0 && small_number(part) <= 255;
         });
}

bool is_loopback(std::string_view address) {
  return address == "localhost" || address == "::1"
         || (is_ipv4(address) && address.starts_with("127."));
}

bool is_address(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  const int port = small_number(text.substr(colon + 1));
  const auto host = text.substr(0, colon);
  return port >= 1 && port <= 65'535 && std::ranges::all_of(host, [](unsigned char c) {
           return std::isalnum(c) || c == '.' || c == '-' || c == '_';
         });
}

} // namespace cafmq
