#include "runtime/client/client.hpp"

#include <arpa/inet.h>
#include <caf/exit_reason.hpp>
#include <caf/send.hpp>
#include <cstdlib>
#include <ctime>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <unistd.h>

#include "actors/client/client_actor.hpp"
#include "runtime/client/client_core.hpp"
#include "runtime/net/connector_actor.hpp"

namespace cafmq {

namespace {

constexpr std::uint32_t loopback_address = 0x7F000001;

/// The address that RocketMQ's clients would show: the first of this machine that is not loopback.
std::uint32_t find_address() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return loopback_address;
  std::unique_ptr<ifaddrs, void (*)(ifaddrs*)> guard{list, ::freeifaddrs};
  for (auto* entry = list; entry != nullptr; entry = entry->ifa_next)
    if (entry->ifa_addr != nullptr && entry->ifa_addr->sa_family == AF_INET
        && (entry->ifa_flags & IFF_LOOPBACK) == 0)
      return ntohl(reinterpret_cast<sockaddr_in*>(entry->ifa_addr)->sin_addr.s_addr);
  return loopback_address;
}

std::string text_of(std::uint32_t address) {
  in_addr raw{htonl(address)};
  char text[INET_ADDRSTRLEN];
  return ::inet_ntop(AF_INET, &raw, text, sizeof text);
}

/// When the current month began, local time, in ms since 1970: the zero of the time in unique keys.
wall_time_ms start_of_month() {
  auto now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  local.tm_mday = 1;
  local.tm_hour = local.tm_min = local.tm_sec = 0;
  local.tm_isdst = -1;
  return static_cast<wall_time_ms>(std::mktime(&local)) * 1000;
}

client_config completed(client_config config) {
  if (config.namesrv_addr.empty()) config.namesrv_addr = default_name_servers();
  if (config.instance_name == "DEFAULT")
    config.instance_name =
      std::to_string(::getpid()) + "#"
      + std::to_string(std::chrono::steady_clock::now().time_since_epoch().count());
  return config;
}

} // namespace

std::vector<std::string> default_name_servers() {
  const char* list = std::getenv("NAMESRV_ADDR");
  std::string text = list != nullptr && *list != '\0' ? list : "127.0.0.1:9876";
  std::vector<std::string> servers;
  for (std::size_t at = 0; at <= text.size();) {
    auto end = text.find(';', at);
    if (end == std::string::npos) end = text.size();
    if (end > at) servers.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return servers;
}

client_core::client_core(client_config config)
    : config_(completed(std::move(config))), system_(make_actor_system({.scheduler_threads = 2})) {
  visit here;
  if (!parse_ipv4(config_.client_ip, address_)) address_ = find_address();
  id_ = text_of(address_) + "@" + config_.instance_name;
  connector_ = spawn_connector(system(), config_.connect_timeout);
  routes_ = spawn_client(system(), config_, connector_, system_random());
}

client_core::~client_core() {
  caf::anon_send_exit(routes_, caf::exit_reason::user_shutdown);
  caf::anon_send_exit(connector_, caf::exit_reason::user_shutdown);
}

client_id client_core::next_member_id() {
  auto number = members_++;
  return {number == 0 ? id_ : id_ + "#" + std::to_string(number)};
}

unique_key_source client_core::make_keys() {
  static std::atomic<std::uint32_t> instances{0};
  auto number = instances.fetch_add(1);
  auto chance = static_cast<std::uint32_t>(system_random()()) & 0xFFFF;
  return {address_, static_cast<std::uint32_t>(::getpid()), chance << 16 | (number & 0xFFFF),
          start_of_month()};
}

failure failure_of(const caf::error& why) { return {code_of(why), sentence(why)}; }

client::client(client_config config) : core_(std::make_shared<client_core>(std::move(config))) {}
client::~client() = default;
client::client(client&&) noexcept = default;
client& client::operator=(client&&) noexcept = default;
const std::string& client::id() const { return core_->id(); }

} // namespace cafmq
