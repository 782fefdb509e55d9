#include "runtime/node.hpp"

#include <caf/scoped_actor.hpp>
#include <thread>
#include <utility>

#include "actors/log.hpp"
#include "actors/name_server/name_server_actor.hpp"
#include "config/config_check.hpp"
#include "messages/type_ids.hpp"
#include "runtime/actor_system.hpp"
#include "runtime/broker_role.hpp"
#include "runtime/ending.hpp"
#include "runtime/failure_report.hpp"
#include "runtime/net/connector_actor.hpp"
#include "runtime/net/port_reservation.hpp"
#include "runtime/net/publish.hpp"

namespace cafmq {

namespace {

/// Longest stop; what has not ended by then is left behind.
constexpr std::chrono::seconds stop_limit{10};
constexpr std::chrono::milliseconds dial_limit{3'000};
/// How long a start waits until the broker stands in the routes.
constexpr std::chrono::milliseconds registration_limit{3'000};

template <class T>
T value_or_fail(caf::expected<T> result) {
  if (!result) throw node_failed(sentence(result.error()));
  return std::move(*result);
}

/// The address under which this machine reaches what is bound to `bind_address`.
std::string local_address(const std::string& bind_address, std::uint16_t port) {
  const bool everywhere = bind_address == "0.0.0.0" || bind_address == "::";
  return (everywhere ? "127.0.0.1" : bind_address) + ":" + std::to_string(port);
}

/// Whether this name server knows the broker's address.
bool knows(const cluster_info& info, const std::string& address) {
  for (const auto& route : info.brokers)
    for (const auto& [id, reached_at] : route.addresses)
      if (reached_at == address) return true;
  return false;
}

} // namespace

node_config embedded_node_config(const std::string& directory) {
  node_config config;
  config.name_server.emplace().listen_port = 0;
  auto& broker = config.broker.emplace();
  broker.listen_port = 0;
  broker.store.store_path_root_dir = directory;
  // Sized for tests: a full-size index file alone takes 420 MB of address space.
  broker.store.mapped_file_size_commit_log = 64 * 1024 * 1024;
  broker.store.max_hash_slot_num = 50'000;
  broker.store.max_index_num = 200'000;
  return config;
}

class node::running {
public:
  explicit running(node_config config)
      : config_(std::move(config)),
        system_(make_actor_system({config_.scheduler_threads, config_.connection_timeout})),
        report_(std::make_shared<failure_report>()) {
    visit here;
    try {
      if (config_.name_server) start_name_server();
      if (config_.broker) start_broker();
    } catch (...) {
      stop();
      throw;
    }
  }

  ~running() { stop(); }

  bool stop() {
    if (stopped_) return ended_;
    stopped_ = true;
    visit here;
    report_->expect_end();
    const auto deadline = std::chrono::steady_clock::now() + stop_limit;
    if (broker_) ended_ = broker_->stop(deadline) && ended_;
    broker_.reset();
    if (name_server_) {
      static_cast<void>(system_->middleman().unpublish(name_server_, name_server_port_));
      ended_ = end_actor(*system_, name_server_, "name server", deadline) && ended_;
    }
    ended_ = end_actor(*system_, connector_, "connector", deadline) && ended_;
    // A handle that outlives the actor system can keep its end waiting for ever.
    name_server_ = nullptr;
    connector_ = nullptr;
    drain_clock(*system_);
    if (!ended_) system_->await_actors_before_shutdown(false);
    return ended_;
  }

  std::string name_server_address() const {
    if (!config_.name_server) return {};
    return local_address(config_.name_server->bind_address, name_server_port_);
  }
  std::string broker_address() const { return broker_ ? broker_->address() : std::string{}; }
  std::uint16_t name_server_port() const { return name_server_port_; }
  std::uint16_t broker_port() const { return broker_ ? broker_->port() : std::uint16_t{0}; }
  failure_report& report() { return *report_; }

private:
  void start_name_server() {
    name_server_ = spawn_name_server(*system_, *config_.name_server);
    name_server_port_ = value_or_fail(publish(
      *system_, name_server_, config_.name_server->bind_address, config_.name_server->listen_port));
    report_->watch(caf::actor_cast<caf::strong_actor_ptr>(name_server_), "name server");
    log::info("name-server-ready", "name server serves at ", name_server_address());
  }

  void start_broker() {
    auto config = *config_.broker;
    if (config.namesrv_addr.empty()) config.namesrv_addr = {name_server_address()};
    connector_ = spawn_connector(*system_, dial_limit);
    broker_ = value_or_fail(broker_role::start(*system_, config, connector_));
    report_->watch(broker_->handle(), "broker " + config.broker_name);
    await_registration(config.namesrv_addr);
    log::info("broker-ready", "broker ", config.broker_name, " serves at ", broker_->address());
  }

  /// Until a name server knows the broker. One that cannot be reached is not waited for.
  void await_registration(const std::vector<std::string>& addresses) {
    caf::scoped_actor self{*system_};
    const auto deadline = std::chrono::steady_clock::now() + registration_limit;
    std::vector<name_server_handle> servers;
    if (name_server_) servers.push_back(name_server_);
    for (const auto& address : addresses) {
      if (!servers.empty()) break;
      self->request(connector_, caf::infinite, connect_name_server{address})
        .receive([&](const name_server_link& link) { servers.push_back(link.handle); },
                 [&](const caf::error& why) {
                   log::warn("name-server-away", "name server ", address,
                             " is not there yet: ", sentence(why));
                 });
    }
    while (!servers.empty() && std::chrono::steady_clock::now() < deadline) {
      bool registered = false;
      self->request(servers.front(), registration_limit, get_cluster_info{})
        .receive([&](const cluster_info& info) { registered = knows(info, broker_->address()); },
                 [&](const caf::error&) { servers.clear(); });
      if (registered) return;
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    log::warn("broker-unregistered", "no name server knows the broker yet; it goes on trying");
  }

  node_config config_;
  owned_actor_system system_;
  std::shared_ptr<failure_report> report_;
  connector_handle connector_;
  name_server_handle name_server_;
  std::uint16_t name_server_port_ = 0;
  std::unique_ptr<broker_role> broker_;
  bool stopped_ = false;
  bool ended_ = true;
};

node::node(node_config config) {
  if (const auto faults = check(config); !faults.empty()) throw node_failed(to_lines(faults));
  running_ = std::make_unique<running>(std::move(config));
}

node::node(node&&) noexcept = default;
node& node::operator=(node&&) noexcept = default;
node::~node() = default;

bool node::stop() { return running_->stop(); }
std::string node::name_server_address() const { return running_->name_server_address(); }
std::string node::broker_address() const { return running_->broker_address(); }
std::uint16_t node::name_server_port() const { return running_->name_server_port(); }
std::uint16_t node::broker_port() const { return running_->broker_port(); }

void node::on_failure(std::function<void(const std::string&)> report) {
  running_->report().listen(std::move(report));
}

} // namespace cafmq
