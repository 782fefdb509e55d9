#include <CLI/CLI.hpp>
#include <memory>

#include "runtime/console/json_line.hpp"
#include "runtime/console/table.hpp"
#include "runtime/program/command.hpp"

namespace cafmq::program {

namespace {

struct group_options : client_options {
  std::string group;
};

const char* model_text(message_model model) {
  return model == message_model::clustering ? "clustering" : "broadcasting";
}

std::string subscriptions_text(const group_summary& summary) {
  std::string text;
  for (const auto& [topic, expression, version] : summary.subscriptions)
    text += (text.empty() ? "" : ", ") + topic.value + (expression == "*" ? "" : " " + expression);
  return text;
}

exit_code list_all(const group_options& options) {
  text_table table{{"group", "kind", "members", "model", "subscriptions"}};
  for (const auto& summary : value_or_fail(open_admin(options).groups())) {
    const char* kind = summary.consumers ? "consumers" : "producers";
    const std::string model = summary.consumers ? model_text(summary.model) : "";
    if (options.json)
      print(json_line{}
              .text("group", summary.group.value)
              .text("kind", kind)
              .number("members", summary.members)
              .text("model", model)
              .text("subscriptions", subscriptions_text(summary))
              .str()
            + "\n");
    table.add({summary.group.value, kind, std::to_string(summary.members), model,
               subscriptions_text(summary)});
  }
  if (!options.json) print(table.empty() ? "no groups yet\n" : table.render());
  return exit_code::ok;
}

std::string queue_text(const message_queue& queue) {
  return queue.topic.value + " " + queue.broker.value + "/" + std::to_string(queue.id.value);
}

void print_json(const consumer_group& group) {
  std::vector<std::string> members;
  for (const auto& [client, member] : group.members) {
    std::vector<std::string> queues;
    for (const auto& queue : member.queues)
      queues.push_back(json_line{}
                         .text("topic", queue.topic.value)
                         .text("brokerName", queue.broker.value)
                         .number("queueId", queue.id.value)
                         .str());
    members.push_back(json_line{}
                        .text("clientId", client.value)
                        .number("silentMs", member.silent_ms)
                        .raw("queues", json_array(queues))
                        .str());
  }
  std::vector<std::string> queues;
  for (const auto& [queue, position] : group.queues)
    queues.push_back(json_line{}
                       .text("topic", queue.topic.value)
                       .text("brokerName", queue.broker.value)
                       .number("queueId", queue.id.value)
                       .text("owner", position.owner.value)
                       .number("committedOffset", position.committed.value)
                       .number("minOffset", position.min.value)
                       .number("maxOffset", position.max.value)
                       .number("lag", position.lag())
                       .str());
  print(json_line{}
          .text("group", group.summary.group.value)
          .text("model", model_text(group.summary.model))
          .text("subscriptions", subscriptions_text(group.summary))
          .number("lag", group.lag())
          .raw("members", json_array(members))
          .raw("queues", json_array(queues))
          .str()
        + "\n");
}

void print_tables(const consumer_group& group) {
  const auto subscriptions = subscriptions_text(group.summary);
  std::string text = "group " + group.summary.group.value + ", " + model_text(group.summary.model)
                     + (subscriptions.empty() ? "" : ", subscribed to " + subscriptions) + ", lag "
                     + grouped(group.lag()) + "\n\n";
  text_table members{{"member", "queues", "heard", ""}};
  for (const auto& [client, member] : group.members) {
    std::string queues;
    for (const auto& queue : member.queues)
      queues += (queues.empty() ? "" : ", ") + queue_text(queue);
    members.add({client.value, std::to_string(member.queues.size()),
                 std::to_string(member.silent_ms / 1000) + " s ago", queues});
  }
  text += members.empty() ? "no members\n" : members.render();
  text_table queues{{"topic", "broker", "queue", "owner", "committed", "max", "lag"}};
  for (const auto& [queue, position] : group.queues)
    queues.add({queue.topic.value, queue.broker.value, std::to_string(queue.id.value),
                position.owner.value.empty() ? "-" : position.owner.value,
                position.committed == no_offset ? "-" : grouped(position.committed.value),
                grouped(position.max.value), grouped(position.lag())});
  print(text + "\n" + queues.render());
}

exit_code show_group(const group_options& options) {
  const auto group = value_or_fail(open_admin(options).describe_group({options.group}));
  if (options.json)
    print_json(group);
  else
    print_tables(group);
  return exit_code::ok;
}

} // namespace

void add_group_commands(CLI::App& app, action& chosen) {
  auto* group = app.add_subcommand("group", "Look at consumer and producer groups");
  group->require_subcommand(1);
  auto options = std::make_shared<group_options>();

  auto* list = group->add_subcommand("list", "All groups with the number of their members");
  add_client_options(*list, *options);
  list->callback([&chosen, options] { chosen = [options] { return list_all(*options); }; });

  auto* show = group->add_subcommand(
    "show", "A consumer group: members, who consumes which queue, offsets and lag");
  show->add_option("GROUP", options->group, "The group")->required();
  add_client_options(*show, *options);
  show->callback([&chosen, options] { chosen = [options] { return show_group(*options); }; });
}

} // namespace cafmq::program
