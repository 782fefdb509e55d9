#include <algorithm>

#include "actors/broker/broker_state_actor.hpp"
#include "actors/broker/name_rules.hpp"
#include "actors/broker/request_checks.hpp"
#include "actors/log.hpp"

namespace cafmq::front_door {

namespace {

const group_settings* settings_of(const state& known, const group_name& group) {
  auto found = known.known_groups.find(group);
  return found == known.known_groups.end() ? nullptr : &found->second;
}

caf::error too_busy(const state& broker) {
  return make_error(errc::system_busy,
                    "broker " + broker.config.broker_name + " has "
                      + std::to_string(broker.parts.gauge->used())
                      + " bytes of sends under way and takes no more now; nothing was stored");
}

/// Takes room for the batch and finds its queue; the topic is known.
caf::expected<message_queue_handle> admit(pointer self, const topic_config& topic,
                                          send_batch& batch) {
  auto& broker = self->state;
  if (auto refused = check_send_topic(broker.config, topic, batch)) return refused;
  if (!batch.charge)
    batch.charge = broker.parts.gauge->take(static_cast<std::int64_t>(batch.drafts.size()));
  if (!batch.charge) return too_busy(broker);
  return queue_actor(self, {batch.topic, batch.queue});
}

/// The first send to a topic makes it, where that is allowed, and waits until that is on disk.
/// `go_on` gets the batch and its queue then, or the reason why not.
template <class GoOn>
caf::error create_and_send(pointer self, send_batch& batch, GoOn go_on) {
  auto& broker = self->state;
  if (broker.deleting.contains(batch.topic)) return being_deleted(broker, batch.topic);
  if (!broker.topics.table().may_auto_create(batch.topic))
    return make_error(errc::topic_not_exist,
                      "topic " + batch.topic.value + " is not on broker "
                        + broker.config.broker_name
                        + ", which does not create topics by sending; create it first");
  batch.charge = broker.parts.gauge->take(static_cast<std::int64_t>(batch.drafts.size()));
  if (!batch.charge) return too_busy(broker);
  auto done = [self, batch, go_on](const topic_journal::outcome& outcome) mutable {
    if (!outcome.topic)
      return go_on(batch, caf::expected<message_queue_handle>{outcome.topic.error()});
    go_on(batch, admit(self, *outcome.topic, batch));
  };
  if (!submit_change(self, auto_create_topic{batch.topic}, std::move(done)))
    return make_error(errc::system_busy, "too many topic changes wait for the disk of broker "
                                           + broker.config.broker_name + "; nothing was stored");
  return {};
}

template <class Reply, class Query>
caf::result<Reply> ask_queue(pointer self, const Query& query) {
  auto& broker = self->state;
  const auto* topic = open_topic(broker, query.topic);
  if (auto refused = check_queue(broker.config, topic, query.topic, query.queue)) return refused;
  auto queue = queue_actor(self, {query.topic, query.queue});
  if (!queue) return queue.error();
  return self->delegate(*queue, query);
}

} // namespace

caf::result<send_receipt> take_send(pointer self, send_batch& batch) {
  auto& broker = self->state;
  batch.charge.reset();
  if (auto refused = check_send(broker.config, batch)) return refused;
  if (const auto* topic = open_topic(broker, batch.topic)) {
    auto queue = admit(self, *topic, batch);
    if (!queue) return queue.error();
    return self->delegate(*queue, std::move(batch));
  }
  auto promise = self->make_response_promise<send_receipt>();
  auto go_on = [promise](send_batch& waited, caf::expected<message_queue_handle> queue) mutable {
    if (queue)
      promise.delegate(*queue, std::move(waited));
    else
      promise.deliver(queue.error());
  };
  if (auto refused = create_and_send(self, batch, go_on)) promise.deliver(refused);
  return promise;
}

void take_oneway(pointer self, send_oneway& oneway) {
  auto& broker = self->state;
  auto& batch = oneway.batch;
  batch.charge.reset();
  auto refused = check_send(broker.config, batch);
  if (!refused) {
    if (const auto* topic = open_topic(broker, batch.topic)) {
      auto queue = admit(self, *topic, batch);
      if (queue)
        self->send(*queue, std::move(oneway));
      else
        refused = queue.error();
    } else {
      refused = create_and_send(
        self, batch, [self](send_batch& waited, caf::expected<message_queue_handle> queue) {
          if (queue) self->send(*queue, send_oneway{std::move(waited)});
        });
    }
  }
  if (refused) log::debug("oneway-dropped", "a one-way send was dropped: ", sentence(refused));
}

caf::result<pulled_messages> take_pull(pointer self, pull_messages& pull) {
  auto& broker = self->state;
  const auto* settings = settings_of(broker, pull.group);
  if (auto refused = check_pull_group(broker.config, settings, pull)) return refused;
  const auto* topic = open_topic(broker, pull.topic);
  if (auto refused = check_pull_topic(broker.config, topic, pull)) return refused;
  if (settings == nullptr && !is_tools_group(pull.group)) remember_group(self, pull.group);
  // What a pull brings is in memory as a whole, here and at the client.
  pull.count_max = std::min(pull.count_max, pull_count_limit);
  pull.bytes_max = std::min(pull.bytes_max, pull_bytes_limit);
  auto suspend_max = broker.config.long_polling_enable ? broker.config.long_polling_max
                                                       : std::chrono::milliseconds{0};
  pull.suspend = std::clamp(pull.suspend, std::chrono::milliseconds{0}, suspend_max);
  auto queue = queue_actor(self, {pull.topic, pull.queue});
  if (!queue) return queue.error();
  return self->delegate(*queue, std::move(pull));
}

caf::result<queue_bounds> ask_bounds(pointer self, const get_queue_bounds& query) {
  return ask_queue<queue_bounds>(self, query);
}

caf::result<found_offset> ask_offset(pointer self, const search_offset& query) {
  return ask_queue<found_offset>(self, query);
}

caf::expected<message_queue_handle> queue_actor(pointer self, const local_queue& queue) {
  auto& broker = self->state;
  auto& of_topic = broker.queues[queue.topic];
  auto index = static_cast<std::size_t>(queue.id.value);
  if (index >= of_topic.size()) of_topic.resize(index + 1);
  auto& handle = of_topic[index];
  if (handle) return handle;
  if (broker.queue_count >= broker.config.queue_actors_max)
    return make_error(errc::system_busy, "broker " + broker.config.broker_name + " serves "
                                           + std::to_string(broker.queue_count)
                                           + " queues and no more (queueActorsMax)");
  handle = broker.parts.make_queue(self->system(), queue);
  ++broker.queue_count;
  self->monitor(handle);
  return handle;
}

void end_queues(pointer self, const topic_name& topic) {
  auto& broker = self->state;
  auto found = broker.queues.find(topic);
  if (found == broker.queues.end()) return;
  for (auto& handle : found->second) {
    if (!handle) continue;
    self->demonitor(handle.address());
    self->send_exit(handle, caf::exit_reason::user_shutdown);
    --broker.queue_count;
  }
  broker.queues.erase(found);
}

bool bury_queue(pointer self, const caf::actor_addr& who) {
  auto& broker = self->state;
  for (auto& [topic, handles] : broker.queues) {
    for (std::size_t id = 0; id < handles.size(); ++id) {
      if (!handles[id] || handles[id].address() != who) continue;
      log::error("queue-died", "the actor of queue ", id, " of topic ", topic.value,
                 " died; it is made anew when it is next needed");
      handles[id] = nullptr;
      --broker.queue_count;
      return true;
    }
  }
  return false;
}

} // namespace cafmq::front_door
