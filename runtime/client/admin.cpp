#include "runtime/client/admin.hpp"

#include <algorithm>
#include <caf/scoped_actor.hpp>
#include <chrono>
#include <functional>
#include <string_view>
#include <thread>
#include <utility>

#include "actors/broker/name_rules.hpp"
#include "messages/codec/message_id.hpp"
#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"
#include "messages/type_ids.hpp"
#include "runtime/actor_system.hpp"
#include "runtime/client/client_core.hpp"
#include "runtime/client/outbox.hpp"

namespace cafmq {

namespace {

/// How long a change may take to reach the name server before a call ends without it.
constexpr std::chrono::seconds route_limit{3};
constexpr std::chrono::milliseconds route_poll_interval{2};

/// Ends an operation from within; leaves this file as a result's failure.
struct refused {
  failure why;
};

[[noreturn]] void refuse(errc code, std::string sentence) {
  throw refused{{code, std::move(sentence)}};
}

[[noreturn]] void refuse(const caf::error& why) { refuse(code_of(why), sentence(why)); }

[[noreturn]] void refuse(const broker_info& broker, const caf::error& why) {
  refuse(code_of(why),
         "broker " + broker.name.value + " at " + broker.address + ": " + sentence(why));
}

/// What `operation` returns, or why it was refused.
template <class Operation>
auto result_of(Operation operation) -> result<decltype(operation())> {
  if (client_scope::is_in(client_scope::kind::selector))
    return failure{errc::invalid_parameter,
                   "an admin call in a queue selector would wait for the selector's own return; "
                   "make it before, or in another thread"};
  visit here;
  try {
    return operation();
  } catch (refused& end) {
    return std::move(end.why);
  }
}

/// Those that clients and brokers make for themselves.
bool is_system_topic(const topic_name& topic, const std::vector<broker_info>& brokers) {
  return is_retry_topic(topic) || topic.value.starts_with(dead_letter_topic_prefix)
         || std::ranges::any_of(brokers, [&](const broker_info& broker) {
              return is_system_topic(topic, broker.cluster, broker.name);
            });
}

const queue_route* on_broker(const topic_route& route, const broker_name& name) {
  auto found = std::ranges::find(route.queues, name, &queue_route::broker);
  return found == route.queues.end() ? nullptr : &*found;
}

bool shows(const topic_route& route, const broker_name& broker, const topic_config& config) {
  const auto* queues = on_broker(route, broker);
  return queues != nullptr && queues->read_queues == config.read_queues
         && queues->write_queues == config.write_queues && queues->perm == config.perm;
}

std::vector<received_message> unpack(const byte_block& records, const broker_name& broker) {
  std::vector<received_message> messages;
  const auto name = std::make_shared<const std::string>(broker.value);
  std::uint32_t at = 0;
  for_each_record(records.span(), [&](const record_view& record) {
    messages.emplace_back(records, at, name);
    at += static_cast<std::uint32_t>(record.size);
  });
  return messages;
}

bool has_key(const received_message& message, std::string_view wanted) {
  bool has = message.property(property::unique_key) == wanted;
  for_each_key(message.keys(), [&](std::string_view key) { has |= key == wanted; });
  return has;
}

} // namespace

void topic_alteration::apply_to(topic_config& topic) const {
  topic.read_queues = read_queues.value_or(topic.read_queues);
  topic.write_queues = write_queues.value_or(topic.write_queues);
  topic.perm = perm.value_or(topic.perm);
  topic.order = order.value_or(topic.order);
}

std::int64_t consumer_group::lag() const {
  std::int64_t sum = 0;
  for (const auto& [queue, known] : queues)
    sum += known.lag();
  return sum;
}

/// The operations; each throws `refused` where the public ones return a failure.
class admin::inside {
public:
  explicit inside(std::shared_ptr<client_core> core) : core_(std::move(core)) {}

  // -- asking -----------------------------------------------------------------------------------
  template <class Reply, class Request>
  Reply ask_name_server(const Request& request) {
    auto answer = ask<Reply>(core_->routes(), request);
    if (!answer) refuse(answer.error());
    return std::move(*answer);
  }

  template <class Reply, class Request>
  Reply ask_broker(const broker_info& broker, const Request& request) {
    auto answer = try_broker<Reply>(broker, request);
    if (!answer) refuse(broker, answer.error());
    return std::move(*answer);
  }

  /// The same, with the broker's refusal as a value.
  template <class Reply, class Request>
  caf::expected<Reply> try_broker(const broker_info& broker, const Request& request) {
    auto link = ask<broker_link>(core_->routes(), connect_broker{broker.address});
    if (!link) refuse(broker, link.error());
    return ask<Reply>(link->handle, request);
  }

  // -- brokers ----------------------------------------------------------------------------------
  std::vector<broker_info> brokers() {
    std::vector<broker_info> found;
    for (const auto& route : ask_name_server<cluster_info>(get_cluster_info{}).brokers)
      for (const auto& [id, address] : route.addresses)
        found.push_back({route.cluster, route.broker, id, address});
    return found;
  }

  broker_status status(const broker_info& broker) {
    auto link = ask<broker_link>(core_->routes(), connect_broker{broker.address});
    if (!link) refuse(link.error());
    auto answer = ask<broker_status>(link->handle, get_broker_status{});
    if (!answer) refuse(answer.error());
    return std::move(*answer);
  }

  std::vector<broker_info> masters(const broker_choice& where = {}) {
    auto found = brokers();
    std::erase_if(found, [&](const broker_info& broker) {
      return broker.id != 0 || (!where.cluster.empty() && broker.cluster.value != where.cluster)
             || (!where.broker.empty() && broker.name.value != where.broker);
    });
    if (!found.empty()) return found;
    std::string wanted = "the name server knows no broker";
    if (!where.broker.empty()) wanted += " " + where.broker;
    if (!where.cluster.empty()) wanted += " in cluster " + where.cluster;
    refuse(errc::broker_not_exist, wanted + "; cafmq cluster show lists those it knows");
  }

  static broker_info master_of(const topic_route& route, const broker_name& name) {
    for (const auto& broker : route.brokers)
      if (auto master = broker.addresses.find(0);
          broker.broker == name && master != broker.addresses.end())
        return {broker.cluster, broker.broker, 0, master->second};
    refuse(errc::topic_not_exist,
           "broker " + name.value + " has no master that serves " + route.topic.value);
  }

  // -- topics -----------------------------------------------------------------------------------
  topic_route route(const topic_name& topic) {
    return ask_name_server<topic_route>(get_topic_route{topic});
  }

  changed_topic create_topic(const topic_config& topic, const broker_choice& where) {
    changed_topic changed;
    for (const auto& broker : masters(where))
      changed.brokers[broker.name] =
        ask_broker<topic_changed>(broker, update_topic_on_broker{topic, true}).config;
    await_change(topic.topic, changed);
    return changed;
  }

  changed_topic update_topic(const topic_name& topic, const topic_alteration& change,
                             const broker_choice& where) {
    changed_topic changed;
    for (const auto& broker : masters(where)) {
      auto known = config_on(broker, topic);
      if (!known) continue;
      change.apply_to(*known);
      changed.brokers[broker.name] =
        ask_broker<topic_changed>(broker, update_topic_on_broker{*known, false}).config;
    }
    if (changed.brokers.empty()) refuse_unknown(topic);
    await_change(topic, changed);
    return changed;
  }

  changed_topic delete_topic(const topic_name& topic, const broker_choice& where) {
    changed_topic deleted;
    for (const auto& broker : masters(where)) {
      auto known = config_on(broker, topic);
      if (!known) continue;
      ask_broker<topic_deleted>(broker, delete_topic_on_broker{topic});
      deleted.brokers[broker.name] = std::move(*known);
    }
    if (deleted.brokers.empty()) refuse_unknown(topic);
    deleted.routed = await_route(topic, [&](const topic_route& shown) {
      return std::ranges::none_of(
        deleted.brokers, [&](const auto& broker) { return on_broker(shown, broker.first); });
    });
    return deleted;
  }

  std::vector<topic_name> topics(bool with_system_topics) {
    auto found = ask_name_server<topic_list>(list_topics{}).topics;
    if (with_system_topics) return found;
    const auto known = brokers();
    std::erase_if(found, [&](const topic_name& topic) { return is_system_topic(topic, known); });
    return found;
  }

  std::vector<topic_queue> topic_queues(const topic_name& topic) {
    const auto found = route(topic);
    std::vector<topic_queue> queues;
    for (const auto& part : found.queues)
      for (const auto& queue :
           ask_broker<topic_stats>(master_of(found, part.broker), get_topic_stats{topic}).queues)
        queues.push_back({{topic, part.broker, queue.queue}, queue.bounds, part.perm});
    return queues;
  }

  // -- groups -----------------------------------------------------------------------------------
  /// Members join every broker, so the largest count is the right one.
  std::vector<group_summary> groups() {
    std::map<std::pair<group_name, bool>, group_summary> known;
    for (const auto& broker : masters())
      for (const auto& summary : ask_broker<group_list>(broker, list_groups{}).groups) {
        auto [entry, is_new] = known.try_emplace({summary.group, summary.consumers}, summary);
        if (!is_new && summary.members > entry->second.members) entry->second = summary;
      }
    std::vector<group_summary> found;
    for (auto& [name, summary] : known)
      found.push_back(std::move(summary));
    return found;
  }

  consumer_group describe(const group_name& group) {
    consumer_group whole;
    bool is_known = false;
    for (const auto& broker : masters()) {
      const auto answer = try_broker<group_description>(broker, describe_group_on_broker{group});
      if (!answer && code_of(answer.error()) == errc::group_not_exist) continue;
      if (!answer) refuse(broker, answer.error());
      add(*answer, broker.name, whole, is_known);
      is_known = true;
    }
    if (!is_known) refuse(errc::group_not_exist, "no broker knows a consumer group " + group.value);
    return whole;
  }

  // -- messages ---------------------------------------------------------------------------------
  received_message view_message(const std::string& id, const topic_name& topic) {
    if (auto found = at_offset_id(id)) return std::move(*found);
    // A unique key looks like an offset id, but its address is that of a client.
    std::vector<topic_name> searched{topic};
    if (topic.value.empty()) searched = topics(true);
    for (const auto& each : searched) {
      constexpr int count_max = 32;
      auto found = query(each, id, count_max, 0, INT64_MAX);
      if (!found.empty()) return found.back(); // the newest, as RocketMQ's clients do
    }
    refuse(errc::message_not_found, "no message has the offset id or unique key " + id);
  }

  std::vector<received_message> query(const topic_name& topic, const std::string& key,
                                      int count_max, wall_time_ms begin, wall_time_ms end) {
    std::vector<received_message> found;
    const auto shown = route(topic);
    for (const auto& part : shown.queues) {
      const auto answer = ask_broker<found_messages>(
        master_of(shown, part.broker), query_messages_on_broker{topic, key, count_max, begin, end});
      for (auto& message : unpack(answer.records, part.broker))
        if (has_key(message, key)) found.push_back(std::move(message)); // the index holds hashes
    }
    std::ranges::stable_sort(found, {}, &received_message::store_timestamp);
    return found;
  }

  std::vector<received_message> messages_at(const message_queue& queue, std::int64_t offset,
                                            int count_max) {
    const auto shown = route(queue.topic);
    const bool anywhere = queue.broker.value.empty();
    std::vector<received_message> found;
    for (const auto& part : shown.queues) {
      if (!anywhere && part.broker != queue.broker) continue;
      const auto broker = master_of(shown, part.broker);
      pull_messages pull;
      pull.group = {std::string{tools_group}};
      pull.client = {core_->id()};
      pull.topic = queue.topic;
      pull.queue = queue.id;
      pull.from = {offset};
      pull.count_max = count_max;
      const auto answer = try_broker<pulled_messages>(broker, pull);
      if (!answer && code_of(answer.error()) == errc::invalid_parameter && anywhere)
        continue; // another broker may have that queue
      if (!answer) refuse(broker, answer.error());
      if (answer->status != pull_status::found) continue;
      for (auto& message : unpack(answer->records, part.broker))
        if (static_cast<int>(found.size()) < count_max) found.push_back(std::move(message));
    }
    return found;
  }

private:
  using update_topic_on_broker = cafmq::update_topic;
  using delete_topic_on_broker = cafmq::delete_topic;
  using describe_group_on_broker = cafmq::describe_group;
  using query_messages_on_broker = cafmq::query_messages;

  template <class Reply, class Handle, class Request>
  caf::expected<Reply> ask(const Handle& handle, const Request& request) {
    caf::expected<Reply> answer{make_error(errc::request_timeout, "no answer came in time")};
    caf::scoped_actor self{core_->system()};
    self->request(handle, core_->config().mq_client_api_timeout + answer_grace, request)
      .receive([&](Reply& reply) { answer = std::move(reply); },
               [&](caf::error& why) { answer = std::move(why); });
    return answer;
  }

  /// The topic as this broker has it, if it has.
  std::optional<topic_config> config_on(const broker_info& broker, const topic_name& topic) {
    auto known = try_broker<topic_configs>(broker, get_topic_configs{topic});
    if (!known && code_of(known.error()) == errc::topic_not_exist) return std::nullopt;
    if (!known) refuse(broker, known.error());
    if (known->topics.empty()) return std::nullopt;
    return std::move(known->topics.front());
  }

  [[noreturn]] static void refuse_unknown(const topic_name& topic) {
    refuse(errc::topic_not_exist, "no broker has a topic " + topic.value);
  }

  void await_change(const topic_name& topic, changed_topic& changed) {
    changed.routed = await_route(topic, [&](const topic_route& shown) {
      return std::ranges::all_of(changed.brokers, [&](const auto& broker) {
        return shows(shown, broker.first, broker.second);
      });
    });
  }

  /// Waits until the name server shows what the brokers were told, so that who asks next sees it.
  bool await_route(const topic_name& topic,
                   const std::function<bool(const topic_route&)>& is_there) {
    const auto deadline = std::chrono::steady_clock::now() + route_limit;
    while (std::chrono::steady_clock::now() < deadline) {
      auto shown = ask<topic_route>(core_->routes(), get_topic_route{topic});
      if (!shown && code_of(shown.error()) != errc::topic_not_exist) refuse(shown.error());
      if (is_there(shown ? *shown : topic_route{})) return true; // no route is an empty one
      std::this_thread::sleep_for(route_poll_interval);
    }
    return false;
  }

  static void add(const group_description& from, const broker_name& broker, consumer_group& whole,
                  bool is_known) {
    if (!is_known || from.summary.members > whole.summary.members) whole.summary = from.summary;
    for (const auto& member : from.members) {
      auto [known, is_new] = whole.members.try_emplace(member.client);
      auto& silent = known->second.silent_ms;
      silent = is_new ? member.silent_ms : std::min(silent, member.silent_ms);
      for (const auto& queue : member.queues)
        known->second.queues.push_back({queue.topic, broker, queue.id});
    }
    for (const auto& queue : from.queues)
      whole.queues[{queue.queue.topic, broker, queue.queue.id}] = {queue.owner, queue.committed,
                                                                   queue.min, queue.max};
  }

  /// The message at an offset message id, if a broker of the cluster is where the id points.
  std::optional<received_message> at_offset_id(const std::string& id) {
    const auto location = parse_offset_message_id(id);
    if (!location) return std::nullopt;
    const auto address = location->host + ":" + std::to_string(location->port);
    for (const auto& broker : brokers()) {
      if (broker.address != address) continue;
      const auto answer =
        try_broker<found_messages>(broker, cafmq::view_message{location->position});
      if (!answer && code_of(answer.error()) == errc::message_not_found) return std::nullopt;
      if (!answer) refuse(broker, answer.error());
      auto messages = unpack(answer->records, broker.name);
      if (!messages.empty()) return messages.front();
    }
    return std::nullopt;
  }

  std::shared_ptr<client_core> core_;
};

admin::admin(const client& client) : inside_(std::make_unique<inside>(client.core())) {}
admin::~admin() = default;
admin::admin(admin&&) noexcept = default;
admin& admin::operator=(admin&&) noexcept = default;

result<std::vector<broker_info>> admin::brokers() {
  return result_of([&] { return inside_->brokers(); });
}
result<broker_status> admin::status(const broker_info& broker) {
  return result_of([&] { return inside_->status(broker); });
}
result<changed_topic> admin::create_topic(const topic_config& topic, const broker_choice& where) {
  return result_of([&] { return inside_->create_topic(topic, where); });
}
result<changed_topic> admin::update_topic(const topic_name& topic, const topic_alteration& change,
                                          const broker_choice& where) {
  return result_of([&] { return inside_->update_topic(topic, change, where); });
}
result<changed_topic> admin::delete_topic(const topic_name& topic, const broker_choice& where) {
  return result_of([&] { return inside_->delete_topic(topic, where); });
}
result<std::vector<topic_name>> admin::topics(bool with_system_topics) {
  return result_of([&] { return inside_->topics(with_system_topics); });
}
result<topic_route> admin::route(const topic_name& topic) {
  return result_of([&] { return inside_->route(topic); });
}
result<std::vector<topic_queue>> admin::topic_queues(const topic_name& topic) {
  return result_of([&] { return inside_->topic_queues(topic); });
}
result<std::vector<group_summary>> admin::groups() {
  return result_of([&] { return inside_->groups(); });
}
result<consumer_group> admin::describe_group(const group_name& group) {
  return result_of([&] { return inside_->describe(group); });
}
result<received_message> admin::view_message(const std::string& id, const topic_name& topic) {
  return result_of([&] { return inside_->view_message(id, topic); });
}
result<std::vector<received_message>> admin::query_messages(const topic_name& topic,
                                                            const std::string& key, int count_max,
                                                            wall_time_ms begin, wall_time_ms end) {
  return result_of([&] { return inside_->query(topic, key, count_max, begin, end); });
}
result<std::vector<received_message>> admin::messages_at(const message_queue& queue,
                                                         std::int64_t offset, int count_max) {
  return result_of([&] { return inside_->messages_at(queue, offset, count_max); });
}

} // namespace cafmq
