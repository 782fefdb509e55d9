#include "support/fake_broker.hpp"

#include <caf/actor_system.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <utility>

#include "actors/safe_actor.hpp"
#include "messages/type_ids.hpp"

namespace cafmq::test {

namespace {

template <class Reply, class Request>
auto refuse() {
  return [](const Request&) -> caf::result<Reply> {
    return make_error(errc::no_permission, "a fake broker does not answer this");
  };
}

template <class Notice>
auto ignore() {
  return [](const Notice&) {};
}

/// Where the next batch of the fake store goes.
send_receipt store(fake_broker_script& script, const send_batch& batch) {
  send_receipt receipt{send_status::send_ok, {script.records}, {script.bytes}, 1};
  script.records += batch.count;
  script.bytes += static_cast<std::int64_t>(batch.drafts.size());
  return receipt;
}

broker_handle::behavior_type fake_broker(broker_handle::pointer self,
                                         const std::shared_ptr<fake_broker_script>& script) {
  make_safe(self);
  return {
    [=](const send_batch& batch) -> caf::result<send_receipt> {
      if (script->keep_batches) script->batches.push_back(batch);
      if (!script->on_send) return store(*script, batch);
      auto answer = script->on_send(batch);
      if (!answer) return self->make_response_promise<send_receipt>(); // dropped: never answered
      if (!*answer) return answer->error();
      return **answer;
    },
    ignore<send_oneway>(),
    refuse<pulled_messages, pull_messages>(),
    refuse<queue_bounds, get_queue_bounds>(),
    refuse<found_offset, search_offset>(),
    refuse<group_joined, join_consumer_group>(),
    refuse<group_left, leave_consumer_group>(),
    ignore<release_queues>(),
    refuse<offsets_committed, commit_offsets>(),
    refuse<committed_offsets, fetch_offsets>(),
    refuse<locked_queues, lock_queues>(),
    ignore<unlock_queues>(),
    [=](const join_producer_group& request) {
      script->joined.push_back(request);
      return group_joined{};
    },
    [=](const leave_producer_group& request) {
      script->left.push_back(request);
      return group_left{};
    },
    refuse<topic_changed, update_topic>(),
    refuse<topic_deleted, delete_topic>(),
    refuse<topic_configs, get_topic_configs>(),
    refuse<topic_stats, get_topic_stats>(),
    refuse<group_list, list_groups>(),
    refuse<group_description, describe_group>(),
    refuse<found_messages, view_message>(),
    refuse<found_messages, query_messages>(),
    refuse<broker_status, get_broker_status>(),
  };
}

name_server_handle::behavior_type fake_name_server(name_server_handle::pointer self,
                                                   const topic_route& route) {
  make_safe(self);
  return {
    refuse<broker_registered, register_broker>(),
    ignore<unregister_broker>(),
    [=](const get_topic_route& query) {
      auto answer = route;
      answer.topic = query.topic;
      return answer;
    },
    ignore<subscribe_routes>(),
    refuse<topic_list, list_topics>(),
    refuse<cluster_info, get_cluster_info>(),
  };
}

} // namespace

broker_handle spawn_fake_broker(caf::actor_system& system,
                                std::shared_ptr<fake_broker_script> script) {
  return system.spawn(fake_broker, std::move(script));
}

name_server_handle spawn_fake_name_server(caf::actor_system& system, topic_route route) {
  return system.spawn(fake_name_server, std::move(route));
}

} // namespace cafmq::test
