#include "actors/broker/broker_state_actor.hpp"
#include "actors/log.hpp"

namespace cafmq::front_door {

namespace {

/// Topic changes that may wait for the disk (RocketMQ: adminBrokerThreadPoolQueueCapacity).
constexpr std::size_t waiting_changes_max = 10'000;

caf::error busy_with_changes(const state& broker) {
  return make_error(errc::system_busy, "too many topic changes wait for the disk of broker "
                                         + broker.config.broker_name + "; try again later");
}

void settle(pointer self, const std::vector<topic_journal::outcome>& outcomes) {
  auto& broker = self->state;
  for (const auto& outcome : outcomes) {
    auto waiting = broker.changes.extract(outcome.id);
    if (!waiting.empty()) waiting.mapped()(outcome);
  }
}

void end_save(pointer self, const data_version& before, const caf::error& failure) {
  auto& broker = self->state;
  if (failure)
    log::error("topics-not-saved", "config/topics.json was not written: ", sentence(failure));
  auto outcomes = broker.topics.end_save(failure);
  if (broker.topics.table().version() != before) {
    for (const auto& outcome : outcomes)
      if (outcome.topic) topic_became(self, outcome.topic->topic);
    carry_out(self, broker.registrations.topics_changed(self->clock().now()));
  }
  settle(self, outcomes);
  if (!failure) save_topics_when_due(self); // a failed one is tried again with the next tick
}

} // namespace

void save_topics_when_due(pointer self) {
  auto& broker = self->state;
  if (!broker.topics.is_due()) return;
  auto save = broker.topics.begin_save(broker.parts.clock());
  settle(self, save.outcomes);
  if (!save.table) return;
  auto before = broker.topics.table().version();
  self
    ->request(broker.parts.metadata_store, caf::infinite,
              save_topics{save.table->version(), save.table->all()})
    .then([=](const metadata_saved&) { end_save(self, before, {}); },
          [=](const caf::error& failure) { end_save(self, before, failure); });
}

bool submit_change(pointer self, topic_change change,
                   std::function<void(const topic_journal::outcome&)> done) {
  auto& broker = self->state;
  if (broker.changes.size() >= waiting_changes_max) return false;
  auto ticket = broker.topics.submit(std::move(change));
  broker.changes.emplace(ticket, std::move(done));
  save_topics_when_due(self);
  return true;
}

caf::result<topic_changed> change_topic(pointer self, const update_topic& request) {
  auto promise = self->make_response_promise<topic_changed>();
  auto done = [promise](const topic_journal::outcome& outcome) mutable {
    if (outcome.topic)
      promise.deliver(topic_changed{*outcome.topic});
    else
      promise.deliver(outcome.topic.error());
  };
  if (!submit_change(self, set_topic{request.config, request.must_be_new}, done))
    promise.deliver(busy_with_changes(self->state));
  return promise;
}

const topic_config* open_topic(const state& broker, const topic_name& topic) {
  return broker.deleting.contains(topic) ? nullptr : broker.topics.table().find(topic);
}

caf::error being_deleted(const state& broker, const topic_name& topic) {
  return make_error(errc::topic_not_exist, "topic " + topic.value + " is being deleted from broker "
                                             + broker.config.broker_name);
}

/// The table comes last: a deletion that the disk refuses, or that a crash cuts short, leaves a
/// topic that can be deleted again.
caf::result<topic_deleted> remove_topic(pointer self, const delete_topic& request) {
  auto& broker = self->state;
  const auto& topic = request.topic;
  if (auto refused = broker.topics.table().check_drop(topic)) return refused;
  if (!broker.deleting.insert(topic).second) return being_deleted(broker, topic);
  auto promise = self->make_response_promise<topic_deleted>();
  auto fail = [self, promise, topic](const caf::error& why) mutable {
    self->state.deleting.erase(topic);
    promise.deliver(why);
  };
  auto dropped = [self, promise, topic, fail](const topic_journal::outcome& outcome) mutable {
    if (!outcome.topic) return fail(outcome.topic.error());
    self->state.deleting.erase(topic);
    promise.deliver(topic_deleted{});
  };
  end_queues(self, topic);
  self->request(broker.parts.commit_log, caf::infinite, remove_queues{topic})
    .then(
      [=](const queues_removed&) mutable {
        forget_offsets_in(self, topic);
        if (!submit_change(self, drop_topic{topic}, dropped)) fail(busy_with_changes(self->state));
      },
      fail);
  return promise;
}

} // namespace cafmq::front_door
