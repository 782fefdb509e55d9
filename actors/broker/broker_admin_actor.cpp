#include <algorithm>
#include <memory>

#include "actors/broker/broker_state_actor.hpp"
#include "actors/broker/request_checks.hpp"
#include "config/version.hpp"

namespace cafmq::front_door {

namespace {

/// Records that one key query may ask for at most.
constexpr std::int32_t key_query_count_limit = 1'024;

} // namespace

caf::result<topic_configs> list_configs(pointer self, const get_topic_configs& query) {
  auto& broker = self->state;
  if (query.topic.value.empty()) return topic_configs{broker.topics.table().all()};
  const auto* topic = open_topic(broker, query.topic);
  if (auto missing = check_queue(broker.config, topic, query.topic, {0})) return missing;
  return topic_configs{{*topic}};
}

caf::result<topic_stats> stats_of(pointer self, const get_topic_stats& query) {
  auto& broker = self->state;
  const auto* topic = open_topic(broker, query.topic);
  if (auto missing = check_queue(broker.config, topic, query.topic, {0})) return missing;
  auto count = std::max(topic->read_queues, topic->write_queues);
  if (count == 0) return topic_stats{};
  auto gathered = std::make_shared<topic_stats>();
  auto promise = self->make_response_promise<topic_stats>();
  for (std::int32_t id = 0; id < count; ++id)
    self->request(broker.parts.cold_reader, caf::infinite, get_queue_bounds{query.topic, {id}})
      .then(
        [=](const queue_bounds& bounds) mutable { // answers come in order
          gathered->queues.push_back({{id}, bounds});
          if (id + 1 == count) promise.deliver(std::move(*gathered));
        },
        [=](const caf::error& why) mutable {
          if (promise.pending()) promise.deliver(why);
        });
  return promise;
}

caf::result<found_messages> view(pointer self, const view_message& query) {
  return self->delegate(self->state.parts.cold_reader, query);
}

caf::result<found_messages> find_by_key(pointer self, const query_messages& query) {
  auto& broker = self->state;
  const auto* topic = open_topic(broker, query.topic);
  if (auto missing = check_queue(broker.config, topic, query.topic, {0})) return missing;
  if (query.key.empty() || query.count_max < 1 || query.begin > query.end)
    return make_error(errc::invalid_parameter,
                      "a key query needs a key, a count and a time span that is not empty");
  auto bounded = query;
  bounded.count_max = std::min(query.count_max, key_query_count_limit);
  return self->delegate(broker.parts.cold_reader, bounded);
}

caf::result<broker_status> status(pointer self) {
  auto& broker = self->state;
  broker_status result;
  result.cluster = {broker.config.broker_cluster_name};
  result.broker = {broker.config.broker_name};
  result.broker_id = broker.config.broker_id;
  result.version = version();
  result.started_at = broker.started_at;
  result.messages_in = broker.parts.counters->messages_in;
  result.messages_out = broker.parts.counters->messages_out;
  result.topics = static_cast<std::int32_t>(broker.topics.table().size());
  result.queues = broker.queue_count;
  result.groups = static_cast<std::int32_t>(broker.known_groups.size());
  auto promise = self->make_response_promise<broker_status>();
  self->request(broker.parts.commit_log, caf::infinite, get_store_status{})
    .then(
      [=](const store_status& store) mutable {
        result.accepts_messages = store.accepts_messages;
        result.refusal = store.refusal;
        result.log_min = store.log_min;
        result.log_max = store.log_max;
        result.log_flushed = store.log_flushed;
        promise.deliver(std::move(result));
      },
      [=](caf::error& failure) mutable { promise.deliver(std::move(failure)); });
  return promise;
}

} // namespace cafmq::front_door
