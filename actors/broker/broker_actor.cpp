#include "actors/broker/broker_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>

#include "actors/broker/broker_state_actor.hpp"
#include "actors/hosted_actor.hpp"
#include "actors/safe_actor.hpp"

namespace cafmq {

namespace {

using namespace front_door;

/// How often what is due is looked for, at most.
constexpr std::chrono::milliseconds tick_interval_max{1'000};

std::chrono::milliseconds tick_interval(const broker_config& config) {
  return std::min(tick_interval_max, config.register_name_server_period);
}

void take_tick(pointer self) {
  carry_out(self, self->state.registrations.tick(self->clock().now()));
  save_topics_when_due(self);
  self->delayed_send(self, tick_interval(self->state.config), tick{});
}

/// Ends all that the broker owns, and itself.
void stop(pointer self, caf::error why) {
  auto& broker = self->state;
  unregister(self);
  auto refusal =
    make_error(errc::service_not_available, "broker " + broker.config.broker_name + " is stopping");
  for (auto& [id, go_on] : std::exchange(broker.changes, {}))
    go_on({id, {}, caf::expected<topic_config>{refusal}});
  end_groups(self, refusal);
  std::vector<topic_name> topics;
  for (const auto& [topic, queues] : broker.queues)
    topics.push_back(topic);
  for (const auto& topic : topics)
    end_queues(self, topic);
  broker.parts = {}; // its handles hold the actors that hold this one
  self->quit(std::move(why));
}

void take_down(pointer self, const caf::down_msg& down) {
  const auto& parts = self->state.parts;
  auto is_fatal =
    down.source == parts.commit_log.address() || down.source == parts.metadata_store.address();
  if (is_fatal) {
    log::error("broker-down", "broker ", self->state.config.broker_name,
               " ends, because the actor that writes its ",
               down.source == parts.commit_log.address() ? "commit log" : "metadata", " died");
    return stop(self, down.reason ? down.reason : caf::error{caf::exit_reason::unknown});
  }
  if (bury_name_server(self, down.source) || bury_queue(self, down.source)) return;
  bury_group(self, down.source);
}

void begin(pointer self, broker_config& config, broker_parts& parts) {
  auto& broker = self->state;
  broker.started_at = parts.clock();
  if (!parts.gauge)
    parts.gauge = std::make_shared<byte_gauge>(config.store.send_bytes_in_flight_max);
  if (!parts.counters) parts.counters = std::make_shared<broker_counters>();
  auto on_disk = parts.topics_version;
  topic_table topics{config, on_disk, std::move(parts.topics), parts.clock()};
  auto is_saved = topics.version() == on_disk;
  broker.topics = topic_journal{std::move(topics), is_saved};
  broker.known_groups = std::move(parts.groups);
  broker.watches = topic_watch_table{{config.broker_name}};
  broker.registrations =
    registration_table{config.namesrv_addr, config.register_name_server_period};
  broker.config = std::move(config);
  broker.parts = std::move(parts);
  self->monitor(broker.parts.commit_log);
  self->monitor(broker.parts.metadata_store);
}

inbox::behavior_type broker_actor(pointer self, broker_config config, broker_parts parts) {
  make_safe(self);
  self->set_down_handler([=](caf::down_msg& down) { take_down(self, down); });
  self->set_exit_handler([=](caf::exit_msg& message) { stop(self, std::move(message.reason)); });
  begin(self, config, parts);
  self->send(self, tick{});
  return {
    [=](send_batch& batch) { return take_send(self, batch); },
    [=](send_oneway& oneway) { take_oneway(self, oneway); },
    [=](pull_messages& pull) { return take_pull(self, pull); },
    [=](const get_queue_bounds& query) { return ask_bounds(self, query); },
    [=](const search_offset& query) { return ask_offset(self, query); },
    [=](const join_consumer_group& request) { return join_consumers(self, request); },
    [=](const leave_consumer_group& request) { return leave_consumers(self, request); },
    [=](const release_queues& notice) { take_release(self, notice); },
    [=](const commit_offsets& request) { return take_commit(self, request); },
    [=](const fetch_offsets& request) { return ask_offsets(self, request); },
    [=](const lock_queues& request) { return take_lock(self, request); },
    [=](const unlock_queues& notice) { take_unlock(self, notice); },
    [=](const join_producer_group& request) { return join_producers(self, request); },
    [=](const leave_producer_group& request) { return leave_producers(self, request); },
    [=](const update_topic& request) { return change_topic(self, request); },
    [=](const delete_topic& request) { return remove_topic(self, request); },
    [=](const get_topic_configs& query) { return list_configs(self, query); },
    [=](const get_topic_stats& query) { return stats_of(self, query); },
    [=](const list_groups&) { return list_all_groups(self); },
    [=](const describe_group& request) { return describe(self, request); },
    [=](const view_message& query) { return view(self, query); },
    [=](const query_messages& query) { return find_by_key(self, query); },
    [=](const get_broker_status&) { return status(self); },
    [=](const watch_topics& wanted) { take_watch(self, wanted); },
    [=](const topic_route_changed& news) { take_route(self, news.route); },
    [=](tick) { take_tick(self); },
  };
}

} // namespace

broker_handle spawn_broker(caf::actor_system& system, broker_config config, broker_parts parts) {
  auto* home = parts.home;
  return caf::actor_cast<broker_handle>(
    spawn_in(home, system, broker_actor, std::move(config), std::move(parts)));
}

} // namespace cafmq
