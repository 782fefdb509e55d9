#include "runtime/actor_system.hpp"

#include <caf/atom.hpp>
#include <caf/io/middleman.hpp>
#include <caf/node_id.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "messages/register_messages.hpp"

namespace cafmq {

namespace {

/// Without a bound one endless sender starves every other actor of its worker.
constexpr std::uint32_t messages_per_turn_max = 200;

/// Two processes with equal process id and network cards (containers, a quick restart) would have
/// the same node id, and then talk to themselves. Each call advances the counter in the last byte
/// of the id.
void salt_node_id(const caf::actor_system_config& config, std::uint8_t salt) {
  for (int i = 0; i < salt; ++i)
    caf::node_id::default_data::local(config);
}

/// A restarted process must not reuse the actor ids of its former life, or it receives messages
/// that were meant for that. Costs 3 ns an id.
void skip_actor_ids(caf::actor_system& system, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i)
    system.next_actor_id();
}

} // namespace

owned_actor_system::owned_actor_system(std::unique_ptr<caf::actor_system_config> config)
    : config_(std::move(config)), system_(std::make_unique<caf::actor_system>(*config_)) {}

owned_actor_system make_actor_system(const actor_system_options& options) {
  auto config = std::make_unique<caf::actor_system_config>();
  register_messages(*config);
  config->load<caf::io::middleman>();
  const auto cores = std::max(1u, std::thread::hardware_concurrency());
  const auto threads = options.scheduler_threads == 0 ? cores : options.scheduler_threads;
  config->set("scheduler.policy", caf::atom("sharing"));
  config->set("scheduler.max-threads", static_cast<std::size_t>(threads));
  config->set("scheduler.max-throughput", static_cast<std::size_t>(messages_per_turn_max));
  config->set("middleman.app-identifiers", std::vector<std::string>{"cafmq"});
  config->set("middleman.enable-automatic-connections", false);
  if (options.connection_timeout.count() > 0) {
    config->set("middleman.heartbeat-interval", caf::timespan{options.connection_timeout / 3});
    config->set("middleman.connection-timeout", caf::timespan{options.connection_timeout});
  }
  std::random_device chance;
  salt_node_id(*config, static_cast<std::uint8_t>(chance()));
  owned_actor_system system{std::move(config)};
  constexpr std::uint32_t skipped_ids_max = 1u << 18;
  skip_actor_ids(*system, chance() % skipped_ids_max);
  return system;
}

wall_clock system_wall_clock() {
  return [] {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
  };
}

random_source system_random() {
  std::random_device chance;
  std::seed_seq seed{chance(), chance(), chance(), chance()};
  return [engine = std::mt19937_64{seed}]() mutable { return engine(); };
}

} // namespace cafmq
