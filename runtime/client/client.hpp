#pragma once

#include <memory>
#include <string>
#include <vector>

#include "config/client_config.hpp"

namespace cafmq {

class client_core;

/// What the producers and consumers of a program share: threads, routes, connections. One a process
/// is enough. Producers and consumers keep it alive, so it may go before them.
class client {
public:
  /// Starts threads and returns at once; name servers are looked for when something is sent or
  /// consumed.
  explicit client(client_config config = {});
  ~client();
  client(client&&) noexcept;
  client& operator=(client&&) noexcept;

  /// `ip@instance`, as groups list it.
  const std::string& id() const;
  const std::shared_ptr<client_core>& core() const { return core_; }

private:
  std::shared_ptr<client_core> core_;
};

/// The name servers that a program without explicit ones uses: NAMESRV_ADDR
/// (`host:port;host:port`), else 127.0.0.1:9876.
std::vector<std::string> default_name_servers();

} // namespace cafmq
