#include <CLI/CLI.hpp>
#include <memory>

#include "runtime/console/json_line.hpp"
#include "runtime/console/table.hpp"
#include "runtime/program/command.hpp"

namespace cafmq::program {

namespace {

std::string status_line(const broker_info& broker, const broker_status& status) {
  return json_line{}
    .text("cluster", broker.cluster.value)
    .text("brokerName", broker.name.value)
    .number("brokerId", broker.id)
    .text("address", broker.address)
    .text("version", status.version)
    .number("startedAt", status.started_at)
    .flag("acceptsMessages", status.accepts_messages)
    .text("refusal", status.refusal)
    .number("logMin", status.log_min.value)
    .number("logMax", status.log_max.value)
    .number("logFlushed", status.log_flushed.value)
    .number("messagesIn", status.messages_in)
    .number("messagesOut", status.messages_out)
    .number("topics", status.topics)
    .number("queues", status.queues)
    .number("groups", status.groups)
    .str();
}

exit_code show_cluster(const client_options& options) {
  auto cluster = open_admin(options);
  text_table table{{"cluster", "broker", "id", "address", "version", "topics", "queues", "groups",
                    "in", "out", "log", "state"}};
  bool all_well = true;
  for (const auto& broker : value_or_fail(cluster.brokers())) {
    const auto status = cluster.status(broker);
    if (!status) {
      all_well = false;
      const auto problem = status.sentence();
      if (options.json)
        print(json_line{}
                .text("cluster", broker.cluster.value)
                .text("brokerName", broker.name.value)
                .number("brokerId", broker.id)
                .text("address", broker.address)
                .text("problem", problem)
                .str()
              + "\n");
      table.add({broker.cluster.value, broker.name.value, std::to_string(broker.id), broker.address,
                 "", "", "", "", "", "", "", problem});
      continue;
    }
    if (options.json) print(status_line(broker, *status) + "\n");
    table.add({broker.cluster.value, broker.name.value, std::to_string(broker.id), broker.address,
               status->version, grouped(status->topics), grouped(status->queues),
               grouped(status->groups), grouped(status->messages_in), grouped(status->messages_out),
               readable_bytes(status->log_max - status->log_min),
               status->accepts_messages ? "serving" : status->refusal});
  }
  if (!options.json) print(table.empty() ? "the name server knows no broker\n" : table.render());
  return all_well ? exit_code::ok : exit_code::failed;
}

} // namespace

void add_cluster_commands(CLI::App& app, action& chosen) {
  auto* cluster = app.add_subcommand("cluster", "Look at the brokers of a cluster");
  cluster->require_subcommand(1);
  auto options = std::make_shared<client_options>();
  auto* show = cluster->add_subcommand("show", "All brokers: where they are and how they are");
  add_client_options(*show, *options);
  show->footer("Ends with 1 when a broker in the routes does not answer.");
  show->callback([&chosen, options] { chosen = [options] { return show_cluster(*options); }; });
}

} // namespace cafmq::program
