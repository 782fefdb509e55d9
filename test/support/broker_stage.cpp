#include "support/broker_stage.hpp"

#include <caf/typed_event_based_actor.hpp>

#include "actors/metadata_store/metadata_store_actor.hpp"
#include "actors/name_server/name_server_actor.hpp"
#include "actors/producer_group/producer_group_actor.hpp"
#include "actors/safe_actor.hpp"

namespace cafmq::test {

namespace {

using behind = std::shared_ptr<broker_stage::behind>;

commit_log_handle::behavior_type log_stand_in(commit_log_handle::pointer self, behind seen) {
  make_safe(self);
  return {
    [=](const send_batch& batch) -> caf::result<send_receipt> {
      send_receipt receipt;
      receipt.first_offset = {static_cast<std::int64_t>(seen->stored.size())};
      seen->stored.push_back(batch);
      seen->stored.back().charge.reset();
      return receipt;
    },
    [=](const send_oneway& oneway) {
      seen->oneway.push_back(oneway.batch);
      seen->oneway.back().charge.reset();
    },
    [](const watch_queue&) {},
    [](const get_store_status&) -> caf::result<store_status> {
      store_status status;
      status.log_max = {4'711};
      return status;
    },
    [=](const remove_queues& request) -> caf::result<queues_removed> {
      if (seen->removal_failure) return seen->removal_failure;
      seen->removed.insert(request.topic);
      return queues_removed{};
    },
  };
}

message_queue_handle::behavior_type queue_stand_in(message_queue_handle::pointer self,
                                                   commit_log_handle log, behind seen) {
  make_safe(self);
  return {
    [=](const send_batch& batch) -> caf::result<send_receipt> {
      return self->delegate(log, batch);
    },
    [=](const send_oneway& oneway) { self->send(log, oneway); },
    [=](const pull_messages& pull) -> caf::result<pulled_messages> {
      seen->pulls.push_back(pull);
      return pulled_messages{};
    },
    [](const get_queue_bounds&) -> caf::result<queue_bounds> {
      return queue_bounds{{3}, {8}, 0, 0};
    },
    [](const search_offset&) -> caf::result<found_offset> { return found_offset{{5}}; },
    [](const queue_advanced&) {},
  };
}

consumer_group_handle::behavior_type group_stand_in(consumer_group_handle::pointer self,
                                                    group_name group, group_host_handle host,
                                                    metadata_store_handle metadata, behind seen) {
  make_safe(self);
  auto summary = [=] {
    group_summary result;
    result.group = group;
    result.members = static_cast<std::int32_t>(seen->joins.size());
    return result;
  };
  self->send(host, watch_topics{seen->group_topics});
  return {
    [=](const join_consumer_group& request) -> caf::result<group_joined> {
      seen->joins.push_back(request.client.value);
      return group_joined{};
    },
    [](const leave_consumer_group&) -> caf::result<group_left> { return group_left{}; },
    [=](const release_queues& notice) { seen->releases.push_back(notice); },
    [=](const commit_offsets& request) -> caf::result<offsets_committed> {
      self->send(metadata, save_offsets{request.group, request.positions});
      return offsets_committed{};
    },
    [=](const fetch_offsets&) -> caf::result<committed_offsets> {
      return committed_offsets{seen->loaded.at(group)};
    },
    [](const lock_queues&) -> caf::result<locked_queues> { return locked_queues{}; },
    [](const unlock_queues&) {},
    [=](const topic_queues_changed& news) { seen->told.push_back(news); },
    [=](const forget_topic& letter) {
      seen->forgotten.push_back(letter.topic);
      self->send(metadata, forget_offsets{letter.topic, group});
    },
    [=](const describe_group&) -> caf::result<group_description> {
      return group_description{summary(), {}, {}};
    },
    [=](const get_group_summary&) -> caf::result<group_summary> { return summary(); },
  };
}

connector_handle::behavior_type
connector_stand_in(connector_handle::pointer self,
                   std::map<std::string, name_server_handle>* name_servers) {
  make_safe(self);
  return {
    [=](const connect_name_server& request) -> caf::result<name_server_link> {
      auto found = name_servers->find(request.address);
      if (found == name_servers->end())
        return make_error(errc::broker_not_exist, "nobody answers at " + request.address);
      return name_server_link{found->second};
    },
    [](const connect_broker&) -> caf::result<broker_link> {
      return make_error(errc::broker_not_exist);
    },
  };
}

/// Has one message, at position 0, and in each queue as many as its number says; a key query finds
/// as many as it may.
cold_reader_handle::behavior_type reader_stand_in() {
  return {
    [](const pull_messages&) { return pulled_messages{}; },
    [](const get_queue_bounds& query) {
      return queue_bounds{{0}, {query.queue.value}, 0, 0};
    },
    [](const search_offset&) { return found_offset{}; },
    [](const view_message& query) -> caf::result<found_messages> {
      if (query.position.value == 0) return found_messages{1, {}};
      return make_error(errc::message_not_found, "no message there");
    },
    [](const query_messages& query) {
      return found_messages{query.count_max, {}};
    },
  };
}

} // namespace

broker_stage::broker_stage(broker_config settings, std::optional<std::uint64_t> seed)
    : system(seed), config(std::move(settings)) {
  if (config.namesrv_addr.empty()) config.namesrv_addr = {"ns1:9876"};
  connector_ = system.spawn(connector_stand_in, &name_servers);
}

void broker_stage::start_name_server(const std::string& address) {
  name_servers[address] = spawn_name_server(system.system(), {});
  system.settle();
}

void broker_stage::start_broker() {
  auto port = memory_files::port(disk);
  auto tables = load_metadata(port)->tables;
  commit_log = system.spawn(log_stand_in, seen);
  metadata =
    spawn_metadata_store(system.system(), placement::shared_thread, {tables, port, system.clock()});
  gauge = std::make_shared<byte_gauge>(config.store.send_bytes_in_flight_max);
  broker_parts parts;
  parts.commit_log = commit_log;
  parts.metadata_store = metadata;
  parts.cold_reader = system.spawn(reader_stand_in);
  parts.connector = connector_;
  parts.gauge = gauge;
  parts.clock = system.clock();
  parts.address = config.broker_name + ":10911";
  parts.topics_version = tables.topics_version();
  parts.topics = tables.topics();
  parts.groups = tables.groups();
  parts.make_queue = [log = commit_log, known = seen](caf::actor_system& where,
                                                      const local_queue&) {
    known->queues.push_back(where.spawn(queue_stand_in, log, known));
    return known->queues.back();
  };
  parts.make_consumer_group = [store = metadata, known = seen](
                                caf::actor_system& where, const group_name& group,
                                std::vector<queue_position> committed, group_host_handle host) {
    known->loaded[group] = std::move(committed);
    known->groups.push_back(where.spawn(group_stand_in, group, host, store, known));
    return known->groups.back();
  };
  parts.make_producer_group = [settings = config](caf::actor_system& where,
                                                  const group_name& group) {
    return spawn_producer_group(where, settings, group);
  };
  broker = spawn_broker(system.system(), config, std::move(parts));
  system.settle();
}

void broker_stage::restart_broker(caf::exit_reason how) {
  system.kill(broker, how);
  system.kill(metadata, how);
  system.kill(commit_log, how);
  start_broker();
}

send_batch broker_stage::batch(std::string topic, std::int32_t queue, std::size_t bytes) const {
  send_batch result;
  result.topic = {std::move(topic)};
  result.queue = {queue};
  result.drafts = byte_block{byte_block::bytes(bytes)};
  return result;
}

topic_config broker_stage::topic(std::string name, std::int32_t read, std::int32_t write) const {
  topic_config result;
  result.topic = {std::move(name)};
  result.read_queues = read;
  result.write_queues = write;
  return result;
}

caf::expected<topic_config> broker_stage::show(const std::string& name) {
  auto found = system.ask<topic_configs>(broker, get_topic_configs{{name}});
  if (!found) return found.error();
  return found->topics.at(0);
}

} // namespace cafmq::test
