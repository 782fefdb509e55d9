#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "runtime/console/json_line.hpp"
#include "runtime/console/table.hpp"
#include "runtime/program/cluster_access.hpp"
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

/// Groups of all masters. Members join every broker, so the largest count is the right one.
std::map<std::pair<group_name, bool>, group_summary> all_groups(cluster_access& cluster) {
  std::map<std::pair<group_name, bool>, group_summary> groups;
  for (const auto& broker : cluster.masters())
    for (const auto& summary : cluster.ask<group_list>(broker, list_groups{}).groups) {
      auto& known = groups[{summary.group, summary.consumers}];
      if (known.group.value.empty() || summary.members > known.members) known = summary;
    }
  return groups;
}

exit_code list_all(const group_options& options) {
  cluster_access cluster{client_settings(options)};
  text_table table{{"group", "kind", "members", "model", "subscriptions"}};
  for (const auto& [key, summary] : all_groups(cluster)) {
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

/// What all masters know of one group.
struct whole_group {
  struct member {
    std::int64_t silent_ms = 0;
    std::vector<message_queue> queues;
  };
  struct position {
    client_id owner;
    queue_offset committed, min, max;

    std::int64_t lag() const { return max - (committed == no_offset ? min : committed); }
  };
  bool found = false;
  group_summary summary;
  std::map<client_id, member> members;
  std::map<message_queue, position> queues;
};

whole_group describe(cluster_access& cluster, const group_name& group) {
  whole_group whole;
  for (const auto& broker : cluster.masters()) {
    const auto answer = cluster.try_ask<group_description>(broker, describe_group{group});
    if (!answer && code_of(answer.error()) == errc::group_not_exist) continue;
    if (!answer) throw cluster_access::failure(broker, answer.error());
    if (!whole.found || answer->summary.members > whole.summary.members)
      whole.summary = answer->summary;
    whole.found = true;
    for (const auto& member : answer->members) {
      auto [known, fresh] = whole.members.try_emplace(member.client);
      known->second.silent_ms =
        fresh ? member.silent_ms : std::min(known->second.silent_ms, member.silent_ms);
      for (const auto& queue : member.queues)
        known->second.queues.push_back({queue.topic, broker.name, queue.id});
    }
    for (const auto& queue : answer->queues)
      whole.queues[{queue.queue.topic, broker.name, queue.queue.id}] = {
        queue.owner, queue.committed, queue.min, queue.max};
  }
  return whole;
}

std::string queue_text(const message_queue& queue) {
  return queue.topic.value + " " + queue.broker.value + "/" + std::to_string(queue.id.value);
}

std::int64_t total_lag(const whole_group& group) {
  std::int64_t lag = 0;
  for (const auto& [queue, position] : group.queues)
    lag += position.lag();
  return lag;
}

void print_json(const whole_group& group) {
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
          .number("lag", total_lag(group))
          .raw("members", json_array(members))
          .raw("queues", json_array(queues))
          .str()
        + "\n");
}

void print_tables(const whole_group& group) {
  const auto subscriptions = subscriptions_text(group.summary);
  std::string text = "group " + group.summary.group.value + ", " + model_text(group.summary.model)
                     + (subscriptions.empty() ? "" : ", subscribed to " + subscriptions) + ", lag "
                     + grouped(total_lag(group)) + "\n\n";
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
  cluster_access cluster{client_settings(options)};
  const auto group = describe(cluster, {options.group});
  if (!group.found)
    throw command_failed(exit_code::not_found, "no broker knows a consumer group " + options.group);
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
