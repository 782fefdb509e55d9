#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "runtime/console/json_line.hpp"
#include "runtime/console/table.hpp"
#include "runtime/program/command.hpp"

namespace cafmq::program {

namespace {

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

/// What the options say of a topic's shape.
topic_alteration wanted_change(const topic_options& options) {
  topic_alteration change;
  if (options.queues > 0) change.read_queues = change.write_queues = options.queues;
  if (options.read_queues > 0) change.read_queues = options.read_queues;
  if (options.write_queues > 0) change.write_queues = options.write_queues;
  if (!options.permission.empty()) change.perm = permission_of(options.permission);
  if (options.order) change.order = true;
  return change;
}

broker_choice chosen_brokers(const topic_options& options) {
  return {options.cluster, options.broker};
}

std::string config_line(const broker_name& broker, const topic_config& config) {
  return json_line{}
    .text("brokerName", broker.value)
    .text("topic", config.topic.value)
    .number("readQueueNums", config.read_queues)
    .number("writeQueueNums", config.write_queues)
    .text("perm", permission_text(config.perm))
    .flag("order", config.order)
    .str();
}

void warn_unless_routed(const changed_topic& changed) {
  if (!changed.routed)
    std::fprintf(stderr, "cafmq: the name server does not show the change yet\n");
}

void print_changes(const topic_options& options, const char* verb, const changed_topic& changed) {
  warn_unless_routed(changed);
  text_table table{{"broker", "topic", "read queues", "write queues", "permission"}};
  for (const auto& [broker, config] : changed.brokers) {
    if (options.json) print(config_line(broker, config) + "\n");
    table.add({broker.value, config.topic.value, std::to_string(config.read_queues),
               std::to_string(config.write_queues), permission_text(config.perm)});
  }
  if (!options.json) print(std::string{verb} + "\n" + table.render());
}

exit_code create_topic(const topic_options& options) {
  topic_config config;
  config.topic = {options.topic};
  wanted_change(options).apply_to(config);
  print_changes(options, "created",
                value_or_fail(open_admin(options).create_topic(config, chosen_brokers(options))));
  return exit_code::ok;
}

exit_code update_existing(const topic_options& options) {
  print_changes(options, "updated",
                value_or_fail(open_admin(options).update_topic(
                  {options.topic}, wanted_change(options), chosen_brokers(options))));
  return exit_code::ok;
}

exit_code remove_topic(const topic_options& options) {
  const auto deleted =
    value_or_fail(open_admin(options).delete_topic({options.topic}, chosen_brokers(options)));
  warn_unless_routed(deleted);
  for (const auto& [broker, config] : deleted.brokers)
    if (options.json)
      print(json_line{}.text("brokerName", broker.value).text("topic", options.topic).str() + "\n");
    else
      print("deleted " + options.topic + " on " + broker.value + "\n");
  return exit_code::ok;
}

exit_code list_all(const topic_options& options) {
  auto cluster = open_admin(options);
  text_table table{{"topic", "broker", "read queues", "write queues", "permission"}};
  for (const auto& topic : value_or_fail(cluster.topics(options.all))) {
    for (const auto& queues : value_or_fail(cluster.route(topic)).queues) {
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
  text_table table{{"broker", "queue", "min offset", "max offset", "messages", "last stored"}};
  for (const auto& [queue, bounds, perm] :
       value_or_fail(open_admin(options).topic_queues({options.topic}))) {
    if (options.json)
      print(json_line{}
              .text("topic", queue.topic.value)
              .text("brokerName", queue.broker.value)
              .number("queueId", queue.id.value)
              .number("minOffset", bounds.min.value)
              .number("maxOffset", bounds.max.value)
              .number("minTimestamp", bounds.min_timestamp)
              .number("maxTimestamp", bounds.max_timestamp)
              .text("perm", permission_text(perm))
              .str()
            + "\n");
    table.add({queue.broker.value, std::to_string(queue.id.value), grouped(bounds.min.value),
               grouped(bounds.max.value), grouped(bounds.max - bounds.min),
               readable_time(bounds.max_timestamp)});
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
