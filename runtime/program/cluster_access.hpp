#pragma once

#include <caf/scoped_actor.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "config/settings.hpp"
#include "messages/client.hpp"
#include "messages/type_ids.hpp"
#include "runtime/actor_system.hpp"
#include "runtime/program/command.hpp"

namespace cafmq::program {

/// A broker that was found through the name servers.
struct found_broker {
  cluster_name cluster;
  broker_name name;
  std::int64_t id = 0;
  std::string address;
};

/// How administrative commands reach name servers and brokers. Each call blocks for
/// mqClientApiTimeout at most and throws command_failed with a sentence.
class cluster_access {
public:
  explicit cluster_access(const settings& values);
  ~cluster_access();

  std::vector<found_broker> brokers();
  /// Brokers with id 0, limited to a cluster or a name where these are not empty. Throws when there
  /// is none.
  std::vector<found_broker> masters(const std::string& cluster = {}, const std::string& name = {});
  topic_list topics();
  /// Throws not_found when no broker serves the topic.
  topic_route route(const topic_name& topic);
  /// The master of a broker name in this route.
  found_broker master_of(const topic_route& route, const broker_name& name);

  template <class Reply, class Request>
  Reply ask(const found_broker& broker, const Request& request) {
    auto answer = try_ask<Reply>(broker, request);
    if (!answer) throw failure(broker, answer.error());
    return std::move(*answer);
  }

  /// The same, with the error as a value.
  template <class Reply, class Request>
  caf::expected<Reply> try_ask(const found_broker& broker, const Request& request) {
    return request_from<Reply>(link(broker), request);
  }

  static command_failed failure(const found_broker& broker, const caf::error& why);

private:
  broker_handle link(const found_broker& broker);

  template <class Reply, class Handle, class Request>
  caf::expected<Reply> request_from(const Handle& handle, const Request& request) {
    caf::expected<Reply> answer{make_error(errc::request_timeout, "no answer came in time")};
    self_->request(handle, timeout_, request)
      .receive([&](Reply& reply) { answer = std::move(reply); },
               [&](caf::error& why) { answer = std::move(why); });
    return answer;
  }

  owned_actor_system system_;
  std::chrono::milliseconds timeout_;
  connector_handle connector_;
  client_handle client_;
  caf::scoped_actor self_;
};

} // namespace cafmq::program
