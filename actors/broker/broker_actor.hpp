#pragma once

#include <caf/expected.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "actors/load.hpp"
#include "actors/ports.hpp"
#include "config/broker_config.hpp"
#include "messages/client.hpp"
#include "messages/codec/metadata_json.hpp"
#include "messages/handles.hpp"

namespace caf {
class actor_system;
}

namespace cafmq {

/// What a broker is built from. Its owner makes the parts, opens the store and reads config/*.json
/// first.
struct broker_parts {
  commit_log_handle commit_log; ///< monitored: its death takes the broker down
  metadata_store_handle metadata_store;
  cold_reader_handle cold_reader;    ///< looks messages up for tools
  connector_handle connector;        ///< to reach name servers
  std::shared_ptr<byte_gauge> gauge; ///< of sends under way; null: made from the configuration
  std::shared_ptr<broker_counters> counters;
  wall_clock clock;
  std::string address;                 ///< host:port that clients are told
  caf::execution_unit* home = nullptr; ///< where it runs; null: on the scheduler's workers

  // From config/topics.json and subscriptionGroup.json.
  data_version topics_version;
  std::map<topic_name, topic_config> topics;
  std::map<group_name, group_settings> groups;

  // Called when somebody first needs the queue or group, and again after its death. The broker owns
  // what they return.
  std::function<message_queue_handle(caf::actor_system&, const local_queue&)> make_queue;
  std::function<consumer_group_handle(caf::actor_system&, const group_name&,
                                      std::vector<queue_position> committed,
                                      group_host_handle host)>
    make_consumer_group;
  std::function<producer_group_handle(caf::actor_system&, const group_name&)> make_producer_group;
};

/// Starts the front door of a broker; publish it at the listen port. It takes sends at once,
/// registers with all name servers, and ends its queues and groups when it ends. An exit message
/// with reason user_shutdown is the clean stop: it unregisters from the name servers, and the owner
/// then ends the metadata store and the commit log.
broker_handle spawn_broker(caf::actor_system& system, broker_config config, broker_parts parts);

} // namespace cafmq
