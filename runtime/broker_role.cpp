#include "runtime/broker_role.hpp"

#include <caf/actor.hpp>
#include <caf/actor_addr.hpp>
#include <caf/actor_cast.hpp>
#include <ctime>
#include <unistd.h>
#include <utility>
#include <vector>

#include "actors/broker/broker_actor.hpp"
#include "actors/consumer_group/consumer_group_actor.hpp"
#include "actors/load.hpp"
#include "actors/log.hpp"
#include "actors/message_queue/message_queue_actor.hpp"
#include "actors/metadata_store/metadata_store_actor.hpp"
#include "actors/producer_group/producer_group_actor.hpp"
#include "actors/store/cold_reader_actor.hpp"
#include "actors/store/commit_log_actor.hpp"
#include "actors/store/message_store.hpp"
#include "messages/codec/message_id.hpp"
#include "messages/type_ids.hpp"
#include "runtime/actor_system.hpp"
#include "runtime/ending.hpp"
#include "runtime/net/port_reservation.hpp"
#include "runtime/net/publish.hpp"
#include "runtime/storage/file_directory.hpp"
#include "runtime/storage/memory_directory.hpp"
#include "runtime/storage/metadata_directory.hpp"

namespace cafmq {

namespace {

int local_hour(wall_time_ms time) {
  const std::time_t seconds = time / 1'000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  return parts.tm_hour;
}

std::unique_ptr<store_directory> make_directory(const std::string& root) {
  if (root.empty()) return std::make_unique<memory_directory>();
  return std::make_unique<file_directory>(root);
}

} // namespace

struct broker_role::parts {
  caf::actor_system& system;
  broker_config config;
  std::uint16_t port = 0;
  std::string address;
  std::unique_ptr<store_directory> directory; // outlives the store
  commit_log_handle commit_log;
  cold_reader_handle cold_reader;
  metadata_store_handle metadata_store;
  broker_handle broker;
  /// All that were ever made; the broker's alone while it lives.
  std::vector<caf::actor_addr> consumer_groups;

  parts(caf::actor_system& in, const broker_config& settings) : system(in), config(settings) {}

  /// Opens the store, and starts what reads and writes it.
  caf::expected<broker_parts> start_store(const wall_clock& clock);
  caf::expected<loaded_metadata> start_metadata(const wall_clock& clock);
  caf::expected<void> start_broker(broker_parts built);
};

caf::expected<loaded_metadata> broker_role::parts::start_metadata(const wall_clock& clock) {
  const auto& root = config.store.store_path_root_dir;
  auto files = root.empty() ? files_in_memory() : files_in_directory(root + "/config");
  auto loaded = load_metadata(files);
  if (!loaded) return loaded.error();
  for (const auto& remark : loaded->remarks)
    log::warn("metadata-unreadable", remark);
  metadata_store = spawn_metadata_store(
    system, placement::own_thread,
    {loaded->tables, std::move(files), clock, config.flush_consumer_offset_interval});
  return loaded;
}

caf::expected<broker_parts> broker_role::parts::start_store(const wall_clock& clock) {
  directory = make_directory(config.store.store_path_root_dir);
  store_host host;
  parse_ipv4(config.broker_ip1, host.address);
  host.port = port;
  auto opened =
    message_store::open(*directory, config.store, host, std::to_string(::getpid()), clock());
  if (!opened) return opened.error();
  const std::shared_ptr<message_store> store = std::move(*opened);
  const auto view = store->view();
  auto loaded = start_metadata(clock);
  if (!loaded) return loaded.error();
  broker_parts built;
  built.counters = std::make_shared<broker_counters>();
  commit_log = spawn_commit_log(system, placement::own_thread, config.store,
                                {store, built.counters, clock, local_hour});
  cold_reader = spawn_cold_reader(system, placement::own_thread, view);
  built.commit_log = commit_log;
  built.metadata_store = metadata_store;
  built.cold_reader = cold_reader;
  // What passes between the sockets and the log should pass through few threads.
  auto* home = &system.middleman().backend();
  built.home = home;
  built.clock = clock;
  built.address = address;
  built.topics_version = loaded->tables.topics_version();
  built.topics = loaded->tables.topics();
  built.groups = loaded->tables.groups();
  built.make_queue = [settings = config, view, log = commit_log, cold = cold_reader,
                      counters = built.counters,
                      home](caf::actor_system& in, const local_queue& queue) {
    return spawn_message_queue(
      in, settings,
      {queue, [view](const pull_messages& pull) { return view->read_resident(pull); }, log, cold,
       counters, home});
  };
  built.make_consumer_group = [settings = config, view, metadata = metadata_store, clock,
                               made = &consumer_groups](caf::actor_system& in,
                                                        const group_name& group,
                                                        std::vector<queue_position> committed,
                                                        const group_host_handle& host_of) {
    auto group_actor = spawn_consumer_group(
      in, settings,
      {group, std::move(committed), metadata, host_of,
       [view](const local_queue& queue) { return view->bounds(queue); }, clock});
    made->push_back(group_actor.address());
    return group_actor;
  };
  built.make_producer_group = [settings = config](caf::actor_system& in, const group_name& group) {
    return spawn_producer_group(in, settings, group);
  };
  return built;
}

caf::expected<void> broker_role::parts::start_broker(broker_parts built) {
  broker = spawn_broker(system, config, std::move(built));
  const auto opened = publish(system, broker, config.bind_address, port);
  if (!opened) return opened.error();
  return caf::unit;
}

broker_role::broker_role(std::unique_ptr<parts> inside) : parts_(std::move(inside)) {}

broker_role::~broker_role() = default;

caf::expected<std::unique_ptr<broker_role>> broker_role::start(caf::actor_system& system,
                                                               const broker_config& config,
                                                               const connector_handle& connector) {
  auto reserved = port_reservation::make(config.bind_address, config.listen_port);
  if (!reserved) return reserved.error();
  auto role =
    std::unique_ptr<broker_role>{new broker_role{std::make_unique<parts>(system, config)}};
  auto& inside = *role->parts_;
  inside.port = reserved->port();
  inside.address = config.broker_ip1 + ":" + std::to_string(inside.port);
  auto fail = [&](caf::error why) {
    constexpr std::chrono::seconds limit{5};
    role->stop(std::chrono::steady_clock::now() + limit);
    return why;
  };
  auto built = inside.start_store(system_wall_clock());
  if (!built) return fail(built.error());
  built->connector = connector;
  auto started = inside.start_broker(std::move(*built));
  if (!started) return fail(started.error());
  return role;
}

bool broker_role::stop(std::chrono::steady_clock::time_point deadline) {
  auto& inside = *parts_;
  // The front door first, so that nothing new comes in; its end unregisters the broker and ends
  // queues and groups. Only when these have handed over their last offsets may the metadata store
  // write them and end.
  if (inside.broker)
    static_cast<void>(inside.system.middleman().unpublish(inside.broker, inside.port));
  bool ended = end_actor(inside.system, inside.broker, "broker", deadline);
  for (const auto& address : std::exchange(inside.consumer_groups, {}))
    if (auto group = caf::actor_cast<caf::actor>(address))
      ended = end_actor(inside.system, group, "consumer group", deadline) && ended;
  ended = end_actor(inside.system, inside.metadata_store, "metadata store", deadline) && ended;
  ended = end_actor(inside.system, inside.cold_reader, "cold reader", deadline) && ended;
  ended = end_actor(inside.system, inside.commit_log, "commit log", deadline) && ended;
  // Handles to actors with threads of their own must not outlive the actor system.
  inside.broker = nullptr;
  inside.metadata_store = nullptr;
  inside.cold_reader = nullptr;
  inside.commit_log = nullptr;
  // A store that is still in use keeps its directory; the process is about to end anyway.
  if (!ended) static_cast<void>(inside.directory.release());
  return ended;
}

caf::strong_actor_ptr broker_role::handle() const {
  return caf::actor_cast<caf::strong_actor_ptr>(parts_->broker);
}
std::string broker_role::address() const { return parts_->address; }
std::uint16_t broker_role::port() const { return parts_->port; }

} // namespace cafmq
