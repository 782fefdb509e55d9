#include "runtime/actor_system.hpp"

#include <bitset>
#include <caf/atom.hpp>
#include <caf/io/middleman.hpp>
#include <caf/logger.hpp>
#include <caf/node_id.hpp>
#include <mutex>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "messages/register_messages.hpp"

namespace cafmq {

namespace {

/// Without a bound one endless sender starves every other actor of its worker.
constexpr std::uint32_t messages_per_turn_max = 200;

/// The last bytes of the node ids of this process's living actor systems. Two systems with one id
/// would each talk to itself instead of to the other.
class node_id_bytes {
public:
  static node_id_bytes& instance() {
    static node_id_bytes bytes;
    return bytes;
  }

  /// An actor system whose node id none of the living ones has.
  std::unique_ptr<caf::actor_system> make(caf::actor_system_config& config) {
    std::lock_guard lock{mutex_};
    for (;;) {
      if (living_.all())
        throw std::runtime_error("one process holds " + std::to_string(living_.size())
                                 + " nodes and clients at most; close some");
      while (living_.test(static_cast<std::uint8_t>(advance(config) + 1)))
        ;
      auto system = std::make_unique<caf::actor_system>(config);
      const auto taken = last_byte(system->node());
      if (living_.test(taken)) continue; // the application made a system of its own in between
      living_.set(taken);
      return system;
    }
  }

  void release(const caf::node_id& id) {
    std::lock_guard lock{mutex_};
    living_.reset(last_byte(id));
  }

private:
  /// Two processes with equal process id and network cards (containers, a quick restart) would have
  /// the same node ids, so each starts its count by chance; no further than half way round, to stay
  /// clear of what the application has made.
  node_id_bytes() {
    const caf::actor_system_config config;
    for (auto skipped = std::random_device{}() % (living_.size() / 2); skipped > 0; --skipped)
      advance(config);
  }

  static std::uint8_t last_byte(const caf::node_id& id) {
    return static_cast<const caf::node_id::default_data&>(*id).host_id().back();
  }

  /// CAF counts the last byte up with each id that it makes; returns the one just made.
  static std::uint8_t advance(const caf::actor_system_config& config) {
    return last_byte(caf::node_id::default_data::local(config));
  }

  std::mutex mutex_;
  std::bitset<256> living_;
};

/// A restarted process must not reuse the actor ids of its former life, or it receives messages
/// that were meant for that. Costs 3 ns an id.
void skip_actor_ids(caf::actor_system& system, std::uint32_t count) {
  for (std::uint32_t i = 0; i < count; ++i)
    system.next_actor_id();
}

} // namespace

owned_actor_system::owned_actor_system(std::unique_ptr<caf::actor_system_config> config)
    : config_(std::move(config)), system_(node_id_bytes::instance().make(*config_)) {}

owned_actor_system::~owned_actor_system() {
  if (!system_) return;
  const auto id = system_->node();
  system_.reset();
  node_id_bytes::instance().release(id);
}

visit::~visit() { caf::logger::set_current_actor_system(nullptr); }

owned_actor_system make_actor_system(const actor_system_options& options) {
  auto config = std::make_unique<caf::actor_system_config>();
  register_messages(*config);
  config->load<caf::io::middleman>();
  const auto cores = std::max(1u, std::thread::hardware_concurrency());
  const auto threads = options.scheduler_threads == 0 ? cores : options.scheduler_threads;
  config->set("scheduler.policy", caf::atom("sharing"));
  config->set("scheduler.max-threads", static_cast<std::size_t>(threads));
  config->set("scheduler.max-throughput", static_cast<std::size_t>(messages_per_turn_max));
  // In the thread of the sockets, where most receivers run: a hop less a message.
  config->set("middleman.workers", std::size_t{0});
  config->set("middleman.app-identifiers", std::vector<std::string>{"cafmq"});
  config->set("middleman.enable-automatic-connections", false);
  if (options.connection_timeout.count() > 0) {
    config->set("middleman.heartbeat-interval", caf::timespan{options.connection_timeout / 3});
    config->set("middleman.connection-timeout", caf::timespan{options.connection_timeout});
  }
  owned_actor_system system{std::move(config)};
  constexpr std::uint32_t skipped_ids_max = 1u << 18;
  skip_actor_ids(*system, std::random_device{}() % skipped_ids_max);
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
