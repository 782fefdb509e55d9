#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "runtime/console/json_line.hpp"
#include "runtime/console/table.hpp"
#include "runtime/program/cluster_access.hpp"
#include "runtime/program/command.hpp"

namespace cafmq::program {

namespace {

/// How long a change may take to reach the name server before the command ends without it.
constexpr std::chrono::seconds route_limit{3};

struct topic_options : client_options {
  std::string topic;
  std::string cluster;
  std::string broker;
  int queues = 0; ///< 0: not given; likewise below
  int read_queues = 0;
  int write_queues = 0;
  std::string permission;
  bool order = false;
  bool all = false;
};

std::string permission_text(std::int32_t perm) {
  std::string text;
  if ((perm & permission::read) != 0) text += 'r';
  if ((perm & permission::write) != 0) text += 'w';
  return text.empty() ? "-" : text;
}

std::int32_t permission_of(const std::string& text) {
  if (text == "r" || text == "4") return permission::read;
  if (text == "w" || text == "2") return permission::write;
  if (text == "rw" || text == "wr" || text == "6") return permission::read_write;
  throw command_failed(exit_code::wrong_use, "--perm is r, w, rw, or RocketMQ's 4, 2, 6");
}

/// Topics that clients and brokers make for themselves; each cluster and broker has one of its
/// name.
bool is_system_topic(const topic_name& topic, const std::vector<found_broker>& brokers) {
  for (const auto& broker : brokers)
    if (topic.value == broker.name.value || topic.value == broker.cluster.value
        || topic.value == broker.cluster.value + "_REPLY_TOPIC")
      return true;
  static const std::set<std::string_view> names{
    "TBW102",        "SELF_TEST_TOPIC",     "OFFSET_MOVED_EVENT",        "SCHEDULE_TOPIC_XXXX",
    "BenchmarkTest", "RMQ_SYS_TRACE_TOPIC", "TRANS_CHECK_MAX_TIME_TOPIC"};
  return names.contains(topic.value) || topic.value.starts_with("RMQ_SYS_")
         || topic.value.starts_with("rmq_sys_") || topic.value.starts_with(retry_topic_prefix)
         || topic.value.starts_with(dead_letter_topic_prefix);
}

void apply(const topic_options& options, topic_config& config) {
  if (options.queues > 0) config.read_queues = config.write_queues = options.queues;
  if (options.read_queues > 0) config.read_queues = options.read_queues;
  if (options.write_queues > 0) config.write_queues = options.write_queues;
  if (!options.permission.empty()) config.perm = permission_of(options.permission);
  if (options.order) config.order = true;
}

std::string config_line(const found_broker& broker, const topic_config& config) {
  return json_line{}
    .text("brokerName", broker.name.value)
    .text("topic", config.topic.value)
    .number("readQueueNums", config.read_queues)
    .number("writeQueueNums", config.write_queues)
    .text("perm", permission_text(config.perm))
    .flag("order", config.order)
    .str();
}

/// Waits until the name server shows what the brokers were told, so that the next command sees it.
void await_route(cluster_access& cluster, const topic_name& topic,
                 const std::function<bool(const topic_route&)>& is_there) {
  const auto deadline = std::chrono::steady_clock::now() + route_limit;
  while (std::chrono::steady_clock::now() < deadline) {
    topic_route route;
    try {
      route = cluster.route(topic);
    } catch (const command_failed& problem) {
      if (problem.code != exit_code::not_found) throw; // no route is an empty one
    }
    if (is_there(route)) return;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
  std::fprintf(stderr, "cafmq: the name server does not show the change yet\n");
}

const queue_route* on_broker(const topic_route& route, const broker_name& name) {
  for (const auto& queues : route.queues)
    if (queues.broker == name) return &queues;
  return nullptr;
}

void print_changes(const topic_options& options, const char* verb,
                   const std::map<broker_name, std::pair<found_broker, topic_config>>& changed) {
  text_table table{{"broker", "topic", "read queues", "write queues", "permission"}};
  for (const auto& [name, change] : changed) {
    const auto& [broker, config] = change;
    if (options.json) print(config_line(broker, config) + "\n");
    table.add({name.value, config.topic.value, std::to_string(config.read_queues),
               std::to_string(config.write_queues), permission_text(config.perm)});
  }
  if (!options.json) print(std::string{verb} + "\n" + table.render());
}

using changes = std::map<broker_name, std::pair<found_broker, topic_config>>;

void await_changes(cluster_access& cluster, const topic_name& topic, const changes& changed) {
  await_route(cluster, topic, [&](const topic_route& route) {
    return std::ranges::all_of(changed, [&](const auto& change) {
      const auto* queues = on_broker(route, change.first);
      const auto& config = change.second.second;
      return queues && queues->read_queues == config.read_queues
             && queues->write_queues == config.write_queues && queues->perm == config.perm;
    });
  });
}

exit_code create_topic(const topic_options& options) {
  cluster_access cluster{client_settings(options)};
  topic_config config;
  config.topic = {options.topic};
  apply(options, config);
  changes changed;
  for (const auto& broker : cluster.masters(options.cluster, options.broker)) {
    auto answer = cluster.ask<topic_changed>(broker, update_topic{config, true});
    changed[broker.name] = {broker, answer.config};
  }
  await_changes(cluster, config.topic, changed);
  print_changes(options, "created", changed);
  return exit_code::ok;
}

exit_code update_existing(const topic_options& options) {
  cluster_access cluster{client_settings(options)};
  const topic_name topic{options.topic};
  changes changed;
  for (const auto& broker : cluster.masters(options.cluster, options.broker)) {
    auto known = cluster.ask<topic_configs>(broker, get_topic_configs{topic});
    if (known.topics.empty()) continue;
    apply(options, known.topics.front());
    auto answer = cluster.ask<topic_changed>(broker, update_topic{known.topics.front(), false});
    changed[broker.name] = {broker, answer.config};
  }
  if (changed.empty())
    throw command_failed(exit_code::not_found, "no broker has a topic " + options.topic);
  await_changes(cluster, topic, changed);
  print_changes(options, "updated", changed);
  return exit_code::ok;
}

exit_code remove_topic(const topic_options& options) {
  cluster_access cluster{client_settings(options)};
  const topic_name topic{options.topic};
  std::set<broker_name> deleted;
  for (const auto& broker : cluster.masters(options.cluster, options.broker)) {
    if (cluster.ask<topic_configs>(broker, get_topic_configs{topic}).topics.empty()) continue;
    cluster.ask<topic_deleted>(broker, delete_topic{topic});
    deleted.insert(broker.name);
    if (options.json)
      print(json_line{}.text("brokerName", broker.name.value).text("topic", topic.value).str()
            + "\n");
    else
      print("deleted " + topic.value + " on " + broker.name.value + "\n");
  }
  if (deleted.empty())
    throw command_failed(exit_code::not_found, "no broker has a topic " + options.topic);
  await_route(cluster, topic, [&](const topic_route& route) {
    return std::ranges::none_of(deleted, [&](const auto& name) { return on_broker(route, name); });
  });
  return exit_code::ok;
}

exit_code list_all(const topic_options& options) {
  cluster_access cluster{client_settings(options)};
  text_table table{{"topic", "broker", "read queues", "write queues", "permission"}};
  const auto brokers = cluster.brokers();
  for (const auto& topic : cluster.topics().topics) {
    if (!options.all && is_system_topic(topic, brokers)) continue;
    for (const auto& queues : cluster.route(topic).queues) {
      if (options.json)
        print(json_line{}
                .text("topic", topic.value)
                .text("brokerName", queues.broker.value)
                .number("readQueueNums", queues.read_queues)
                .number("writeQueueNums", queues.write_queues)
                .text("perm", permission_text(queues.perm))
                .str()
              + "\n");
      table.add({topic.value, queues.broker.value, std::to_string(queues.read_queues),
                 std::to_string(queues.write_queues), permission_text(queues.perm)});
    }
  }
  if (!options.json)
    print(table.empty() ? "no topics yet; cafmq topic create makes one\n" : table.render());
  return exit_code::ok;
}

exit_code show_topic(const topic_options& options) {
  cluster_access cluster{client_settings(options)};
  const auto route = cluster.route({options.topic});
  text_table table{{"broker", "queue", "min offset", "max offset", "messages", "last stored"}};
  for (const auto& queues : route.queues) {
    const auto broker = cluster.master_of(route, queues.broker);
    for (const auto& [queue, bounds] :
         cluster.ask<topic_stats>(broker, get_topic_stats{route.topic}).queues) {
      if (options.json)
        print(json_line{}
                .text("topic", route.topic.value)
                .text("brokerName", broker.name.value)
                .number("queueId", queue.value)
                .number("minOffset", bounds.min.value)
                .number("maxOffset", bounds.max.value)
                .number("minTimestamp", bounds.min_timestamp)
                .number("maxTimestamp", bounds.max_timestamp)
                .text("perm", permission_text(queues.perm))
                .str()
              + "\n");
      table.add({broker.name.value, std::to_string(queue.value), grouped(bounds.min.value),
                 grouped(bounds.max.value), grouped(bounds.max - bounds.min),
                 readable_time(bounds.max_timestamp)});
    }
  }
  if (!options.json) print(table.render());
  return exit_code::ok;
}

using options_ptr = std::shared_ptr<topic_options>;

CLI::App* add(CLI::App& topic, const char* name, const char* about, const options_ptr& options,
              action& chosen, exit_code (*run)(const topic_options&)) {
  auto* command = topic.add_subcommand(name, about);
  if (std::string_view{name} != "list")
    command->add_option("TOPIC", options->topic, "The topic")->required();
  add_client_options(*command, *options);
  command->callback([&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
  return command;
}

void add_place(CLI::App& command, topic_options& options) {
  command.add_option("-c,--cluster", options.cluster, "Only on brokers of this cluster");
  command.add_option("-b,--broker", options.broker, "Only on this broker");
}

void add_shape(CLI::App& command, topic_options& options) {
  constexpr int queues_max = 65'536;
  const CLI::Range count{1, queues_max};
  command.add_option("--queues", options.queues, "Queues on each broker; a new topic has 4")
    ->check(count);
  command.add_option("--read-queues", options.read_queues, "Queues that can be consumed")
    ->check(count);
  command.add_option("--write-queues", options.write_queues, "Queues that can be sent to")
    ->check(count);
  command.add_option("--perm", options.permission, "r, w or rw: what clients may do");
  command.add_flag("--order", options.order, "An order topic");
}

} // namespace

void add_topic_commands(CLI::App& app, action& chosen) {
  auto* topic = app.add_subcommand("topic", "Create, change, delete and look at topics");
  topic->require_subcommand(1);
  auto options = std::make_shared<topic_options>();
  auto* create =
    add(*topic, "create", "Create a topic on every master", options, chosen, create_topic);
  auto* update = add(*topic, "update", "Change queue counts or permission; the rest stays", options,
                     chosen, update_existing);
  auto* remove =
    add(*topic, "delete", "Delete a topic with all its messages", options, chosen, remove_topic);
  for (auto* command : {create, update, remove})
    add_place(*command, *options);
  for (auto* command : {create, update})
    add_shape(*command, *options);
  add(*topic, "list", "All topics with their queues", options, chosen, list_all)
    ->add_flag("--all", options->all, "Topics that the system made for itself, too");
  add(*topic, "show", "The queues of a topic with their offsets", options, chosen, show_topic);
}

} // namespace cafmq::program
