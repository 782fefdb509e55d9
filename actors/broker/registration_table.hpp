#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace cafmq {

// What a broker must do to stay known at a name server.

/// Ask the connector for a link.
struct dial_name_server {
  std::string address;
  bool operator==(const dial_name_server&) const = default;
};
/// Send the registration over the link.
struct announce_broker {
  std::string address;
  bool operator==(const announce_broker&) const = default;
};
/// Forget the link: the other side does not answer.
struct drop_name_server {
  std::string address;
  bool operator==(const drop_name_server&) const = default;
};
using registration_effect = std::variant<dial_name_server, announce_broker, drop_name_server>;

/// A broker's relations to all its name servers, each on its own:
///
///     away --dial--> dialling --linked--> linked --lost, refused, mute--> away
///
/// Linked, it announces itself at once, every period, and when its topics changed, one announcement
/// at a time; what changed meanwhile follows the answer. Away, it dials again after 1 s, then 2 s,
/// and so on up to the period.
class registration_table {
public:
  using time_point = std::chrono::steady_clock::time_point;
  using effects = std::vector<registration_effect>;

  registration_table() = default;
  registration_table(const std::vector<std::string>& addresses, std::chrono::milliseconds period);

  /// To be called often: does what is due by now.
  effects tick(time_point now);
  effects linked(const std::string& address, time_point now);
  /// Nobody suitable answered the dialling, or the link's other end died.
  void lost(const std::string& address, time_point now);
  effects answered(const std::string& address, time_point now);
  effects topics_changed(time_point now);

  /// The linked name servers, in the order of configuration.
  std::vector<std::string> links() const;

private:
  enum class phase { away, dialling, linked };
  struct relation {
    std::string address;
    phase now = phase::away;
    time_point due{};                      ///< of the next dialling or announcement
    std::chrono::milliseconds back_off{0}; ///< before the next dialling
    std::optional<time_point> asked;       ///< the announcement under way
    bool is_stale = false;                 ///< topics changed since that was sent
  };
  relation* find(const std::string& address);
  void announce(relation& one, time_point now, effects& result);

  std::vector<relation> relations_;
  std::chrono::milliseconds period_{30'000};
};

} // namespace cafmq
