#pragma once

#include <caf/expected.hpp>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/broker/broker_actor.hpp"
#include "messages/handles.hpp"
#include "support/deterministic_system.hpp"
#include "support/memory_files.hpp"

namespace cafmq::test {

/// A broker actor on virtual time with everything around it: a real metadata store on a directory
/// in memory, real name servers, and, in place of the store, its queues and its consumer groups,
/// actors that keep what they are given.
class broker_stage {
public:
  explicit broker_stage(broker_config config = {},
                        std::optional<std::uint64_t> seed = std::nullopt);

  /// A name server that the broker's connector finds at this address.
  void start_name_server(const std::string& address);
  void start_broker();
  /// Ends the broker as its owner would, or as a crash would, and starts it from its files.
  void restart_broker(caf::exit_reason how = caf::exit_reason::user_shutdown);

  send_batch batch(std::string topic, std::int32_t queue = 0, std::size_t bytes = 200) const;
  caf::expected<send_receipt> send(const send_batch& what) {
    return system.ask<send_receipt>(broker, what);
  }
  errc refusal(const send_batch& what) { return code_of(send(what).error()); }
  topic_config topic(std::string name, std::int32_t read = 4, std::int32_t write = 4) const;
  caf::expected<topic_changed> create(const topic_config& what) {
    return system.ask<topic_changed>(broker, update_topic{what});
  }
  /// The topic as the broker shows it.
  caf::expected<topic_config> show(const std::string& topic);
  /// The route of a topic at a name server.
  caf::expected<topic_route> route(const std::string& address, const std::string& topic) {
    return system.ask<topic_route>(name_servers.at(address), get_topic_route{{topic}});
  }
  /// What is in config/*.json.
  metadata_tables on_disk() const { return load_metadata(memory_files::port(disk))->tables; }

  deterministic_system system;
  broker_config config;
  std::shared_ptr<memory_files> disk = std::make_shared<memory_files>();
  std::shared_ptr<byte_gauge> gauge;

  // What reached the actors behind the front door. They live on the test's thread.
  struct behind {
    std::vector<send_batch> stored;
    std::vector<send_batch> oneway;
    std::set<topic_name> removed;
    caf::error removal_failure; ///< what the store says to the next removals
    std::vector<pull_messages> pulls;
    std::vector<std::string> joins;                           ///< client ids
    std::map<group_name, std::vector<queue_position>> loaded; ///< offsets a group was made with
    std::vector<topic_queues_changed> told;                   ///< to any group
    std::vector<release_queues> releases;                     ///< to any group
    std::vector<topic_name> forgotten;                        ///< by any group
    std::vector<message_queue_handle> queues;                 ///< in the order of their making
    std::vector<consumer_group_handle> groups;
    std::vector<topic_name> group_topics{{"orders"}}; ///< what a group watches at its start
  };
  std::shared_ptr<behind> seen = std::make_shared<behind>();

  std::map<std::string, name_server_handle> name_servers;
  commit_log_handle commit_log;
  metadata_store_handle metadata;
  broker_handle broker;

private:
  connector_handle connector_;
};

} // namespace cafmq::test
