#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "messages/ids.hpp"

namespace cafmq {

/// First wait before a failed address is dialled again, and the longest; it doubles in between.
struct reconnect_policy {
  std::chrono::milliseconds first{100};
  std::chrono::milliseconds longest{5'000};
};

/// Which addresses a client wants links to, and when each is dialled: a state an address, nothing
/// of the links themselves.
class link_table {
public:
  using time_point = std::chrono::steady_clock::time_point;
  enum class state : std::uint8_t {
    idle, ///< to be dialled at `due`
    dialling,
    linked,
  };

  explicit link_table(reconnect_policy policy = {}) : policy_(policy) {}

  /// The addresses wanted now; others are forgotten, new ones are due at once.
  void want(const std::vector<std::string>& addresses, time_point now);
  /// Addresses to dial now; each is `dialling` afterwards.
  std::vector<std::string> take_due(time_point now);
  void linked(const std::string& address);
  /// A dial failed or a link broke. `chance` spreads the retries of many clients over half the
  /// wait.
  void failed(const std::string& address, time_point now, std::uint64_t chance);
  /// Dial it with the next `take_due`, whatever the back-off says.
  void hurry(const std::string& address, time_point now);

private:
  struct entry {
    state now = state::idle;
    time_point due{};
    std::chrono::milliseconds wait{0};
  };

  reconnect_policy policy_;
  std::map<std::string, entry> entries_;
};

} // namespace cafmq
