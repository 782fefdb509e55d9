#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <chrono>
#include <cstdint>
#include <memory>

#include "actors/ports.hpp"

namespace cafmq {

struct actor_system_options {
  std::uint32_t scheduler_threads = 0; ///< 0: one a core
  /// Peers silent for longer are dropped; beats go three times as often. 0: neither. Both ends of a
  /// connection must have it, or neither.
  std::chrono::milliseconds connection_timeout{120'000};
};

/// An actor system with its configuration, which must outlive it.
class owned_actor_system {
public:
  /// Throws std::runtime_error when this process has 256 already: CAF tells them apart by a byte.
  explicit owned_actor_system(std::unique_ptr<caf::actor_system_config> config);
  owned_actor_system(owned_actor_system&&) noexcept = default;
  owned_actor_system& operator=(owned_actor_system&&) = delete;
  ~owned_actor_system();

  caf::actor_system& get() { return *system_; }
  caf::actor_system& operator*() { return *system_; }
  caf::actor_system* operator->() { return system_.get(); }

private:
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
};

/// For a function that a program's thread calls and that makes an actor system or an actor. CAF
/// leaves a share of the system's logger in each such thread, and the end of the system, in
/// whatever thread, waits for all shares: a visit gives its thread's share back when it ends.
class visit {
public:
  visit() = default;
  ~visit();
  visit(const visit&) = delete;
  visit& operator=(const visit&) = delete;
};

/// An actor system that knows our messages and the native link, set up as every node and every
/// client needs it. Starts in about two milliseconds.
owned_actor_system make_actor_system(const actor_system_options& options);

/// The time of the operating system's clock.
wall_clock system_wall_clock();

/// Random numbers seeded by the operating system; each source may be used by one thread at a time.
random_source system_random();

} // namespace cafmq
