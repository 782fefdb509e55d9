#include "runtime/program/cluster_access.hpp"

#include "actors/client/client_actor.hpp"
#include "runtime/ending.hpp"
#include "runtime/net/connector_actor.hpp"

namespace cafmq::program {

namespace {

/// How long the end of our own actors may take.
constexpr std::chrono::seconds end_limit{2};

command_failed failure_of(const caf::error& why, const std::string& where) {
  const auto code = code_of(why) == errc::topic_not_exist || code_of(why) == errc::group_not_exist
                        || code_of(why) == errc::message_not_found
                        || code_of(why) == errc::request_timeout
                      ? exit_code::not_found
                      : exit_code::failed;
  return {code, where + sentence(why)};
}

} // namespace

cluster_access::cluster_access(const settings& values)
    : system_(make_actor_system({1, values.node.connection_timeout})),
      // The client actor keeps the configured time itself, and has the better sentence.
      timeout_(values.client.mq_client_api_timeout + std::chrono::milliseconds{500}),
      connector_(spawn_connector(*system_, values.client.connect_timeout)),
      client_(spawn_client(*system_, values.client, connector_, system_random())), self_(*system_) {
}

cluster_access::~cluster_access() {
  const auto deadline = std::chrono::steady_clock::now() + end_limit;
  const bool ended = end_actor(*system_, client_, "client", deadline)
                     && end_actor(*system_, connector_, "connector", deadline);
  if (!ended) system_->await_actors_before_shutdown(false);
}

std::vector<found_broker> cluster_access::brokers() {
  auto answer = request_from<cluster_info>(client_, get_cluster_info{});
  if (!answer) throw failure_of(answer.error(), "");
  std::vector<found_broker> found;
  for (const auto& route : answer->brokers)
    for (const auto& [id, address] : route.addresses)
      found.push_back({route.cluster, route.broker, id, address});
  return found;
}

std::vector<found_broker> cluster_access::masters(const std::string& cluster,
                                                  const std::string& name) {
  std::vector<found_broker> found;
  for (auto& broker : brokers())
    if (broker.id == 0 && (cluster.empty() || broker.cluster.value == cluster)
        && (name.empty() || broker.name.value == name))
      found.push_back(std::move(broker));
  if (!found.empty()) return found;
  std::string wanted = "the name server knows no broker";
  if (!name.empty()) wanted += " " + name;
  if (!cluster.empty()) wanted += " in cluster " + cluster;
  throw command_failed(exit_code::failed, wanted + "; cafmq cluster show lists those it knows");
}

topic_list cluster_access::topics() {
  auto answer = request_from<topic_list>(client_, list_topics{});
  if (!answer) throw failure_of(answer.error(), "");
  return std::move(*answer);
}

topic_route cluster_access::route(const topic_name& topic) {
  auto answer = request_from<topic_route>(client_, get_topic_route{topic});
  if (!answer) throw failure_of(answer.error(), "");
  return std::move(*answer);
}

found_broker cluster_access::master_of(const topic_route& route, const broker_name& name) {
  for (const auto& broker : route.brokers)
    if (auto i = broker.addresses.find(0); broker.broker == name && i != broker.addresses.end())
      return {broker.cluster, broker.broker, 0, i->second};
  throw command_failed(exit_code::not_found,
                       "broker " + name.value + " has no master that serves " + route.topic.value);
}

broker_handle cluster_access::link(const found_broker& broker) {
  auto answer = request_from<broker_link>(client_, connect_broker{broker.address});
  if (!answer) throw failure(broker, answer.error());
  return answer->handle;
}

command_failed cluster_access::failure(const found_broker& broker, const caf::error& why) {
  return failure_of(why, "broker " + broker.name.value + " at " + broker.address + ": ");
}

} // namespace cafmq::program
