#pragma once

#include <atomic>
#include <caf/error.hpp>
#include <cstdint>
#include <string>

#include "actors/ports.hpp"
#include "config/client_config.hpp"
#include "messages/client.hpp"
#include "messages/codec/message_id.hpp"
#include "runtime/actor_system.hpp"
#include "runtime/client/result.hpp"

namespace cafmq {

/// The inside of a `client`: its actor system and the actors that all its producers and consumers
/// use.
class client_core {
public:
  explicit client_core(client_config config);
  ~client_core();
  client_core(const client_core&) = delete;
  client_core& operator=(const client_core&) = delete;

  caf::actor_system& system() { return *system_; }
  const client_handle& routes() const { return routes_; }
  const client_config& config() const { return config_; }
  const std::string& id() const { return id_; }
  /// The client's IPv4 address, host order.
  std::uint32_t address() const { return address_; }
  /// A client id of its own for each member of a group: the first one is `id()`.
  client_id next_member_id();
  /// Unique keys of a producer of this process.
  unique_key_source make_keys();

private:
  client_config config_;
  std::uint32_t address_ = 0;
  std::string id_;
  std::atomic<std::uint32_t> members_{0};
  owned_actor_system system_;
  connector_handle connector_;
  client_handle routes_;
};

/// A client keeps the configured time of a question itself, and has the better sentence: whoever
/// asks it waits so much longer.
inline constexpr std::chrono::milliseconds answer_grace{500};

/// `why` as programs get it.
failure failure_of(const caf::error& why);

} // namespace cafmq
