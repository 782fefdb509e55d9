#include <CLI/CLI.hpp>
#include <memory>

#include "runtime/console/json_line.hpp"
#include "runtime/console/line_printer.hpp"
#include "runtime/console/progress.hpp"
#include "runtime/console/table.hpp"
#include "runtime/program/command.hpp"
#include "runtime/storage/store_dump.hpp"
#include "runtime/storage/store_inspection.hpp"

namespace cafmq::program {

namespace {

struct store_options {
  std::string directory;
  bool json = false;
};

std::string summary_line(const std::string& directory, const store_summary& summary) {
  return json_line{}
    .text("kind", "summary")
    .text("directory", directory)
    .flag("endedInOrder", summary.ended_in_order)
    .number("logBegin", summary.log_begin.value)
    .number("logEnd", summary.log_end.value)
    .number("segments", summary.segments)
    .number("records", summary.records)
    .number("queues", summary.queues)
    .number("units", summary.units)
    .number("indexFiles", summary.index_files)
    .number("indexEntries", summary.index_entries)
    .number("notes", summary.notes)
    .number("faults", summary.faults)
    .str();
}

std::string summary_text(const std::string& directory, const store_summary& summary) {
  text_table table{{"", "checked"}};
  table.add({"messages", grouped(summary.records)});
  table.add({"log bytes", grouped(summary.log_end - summary.log_begin)});
  table.add({"log files", grouped(summary.segments)});
  table.add({"queues", grouped(summary.queues)});
  table.add({"queue units", grouped(summary.units)});
  table.add({"index files", grouped(summary.index_files)});
  table.add({"index entries", grouped(summary.index_entries)});
  return table.render() + directory
         + (summary.faults == 0 ? " is sound" : " has " + grouped(summary.faults) + " faults")
         + (summary.ended_in_order ? "\n" : "; its last broker did not stop in order\n");
}

exit_code verify(const store_options& options) {
  progress_line progress{"checked bytes", 0};
  inspection_watch watch;
  watch.on_progress = [&](std::int64_t done, std::int64_t) { progress.update(done); };
  watch.on_finding = [&](const finding& found) {
    const char* kind = found.weight == finding::severity::fault ? "fault" : "note";
    print(options.json ? json_line{}.text("kind", kind).text("text", found.text).str() + "\n"
                       : std::string{kind} + ": " + found.text + "\n");
  };
  const auto summary = verify_store(options.directory, watch);
  if (!summary) throw command_failed(exit_code::failed, sentence(summary.error()));
  print(options.json ? summary_line(options.directory, *summary) + "\n"
                     : summary_text(options.directory, *summary));
  return summary->faults == 0 ? exit_code::ok : exit_code::failed;
}

exit_code dump(const store_options& options) {
  std::int64_t faults = 0;
  dump_watch watch;
  watch.inspection.on_finding = [&](const finding& found) {
    const bool is_fault = found.weight == finding::severity::fault;
    if (is_fault) ++faults;
    std::fprintf(stderr, "cafmq: %s: %s\n", is_fault ? "fault" : "note", found.text.c_str());
  };
  line_printer out;
  text_table queues{{"topic", "queue", "min offset", "max offset"}};
  bool titles_printed = false;
  const auto print_titles = [&] {
    if (options.json || titles_printed) return;
    titles_printed = true;
    if (!queues.empty()) out.print(queues.render());
    out.print(message_dump_titles());
  };
  watch.on_queue = [&](const dumped_queue& queue) {
    if (options.json) out.print(queue_dump_line(queue));
    if (queue.max.value == 0) return; // a table of a thousand queues without a message helps nobody
    queues.add({queue.queue.topic.value, std::to_string(queue.queue.id.value),
                grouped(queue.min.value), grouped(queue.max.value)});
  };
  watch.on_message = [&](const record_view& record) {
    print_titles();
    out.print(options.json ? message_dump_line(record) : message_dump_row(record));
  };
  const auto messages = dump_store(options.directory, watch);
  if (!messages) throw command_failed(exit_code::failed, sentence(messages.error()));
  print_titles();
  return faults == 0 ? exit_code::ok : exit_code::failed;
}

} // namespace

void add_store_commands(CLI::App& app, action& chosen) {
  auto* store = app.add_subcommand(
    "store", "Look into the store of a stopped broker, ours or Apache's, without changing it");
  store->require_subcommand(1);
  auto options = std::make_shared<store_options>();
  const auto add = [&](const char* name, const char* about, const char* closing,
                       exit_code (*run)(const store_options&)) {
    auto* command = store->add_subcommand(name, about);
    command->add_option("DIR", options->directory, "The store's directory")->required();
    command->add_flag("--json", options->json, "JSON for scripts, an object a line");
    command->footer(closing);
    command->callback(
      [&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
  };
  add("verify", "Check every record, queue unit and index entry, and that they agree",
      "Notes are what the next start repairs; faults may be lost messages.\n"
      "--json prints lines of kind note, fault, and at last summary: directory, endedInOrder, "
      "logBegin, logEnd, segments, records, queues, units, indexFiles, indexEntries, notes, "
      "faults.\nEnds with 1 when there is a fault.",
      verify);
  add("dump", "Show the queues, and every message in the order of the log",
      "--json prints lines of kind queue (topic, queueId, minOffset, maxOffset), then of kind "
      "message: topic, queueId, queueOffset, commitLogOffset, storeSize, bodyCrc, sysFlag, flag, "
      "bornTimestamp, storeTimestamp, bornHost, offsetMsgId, reconsumeTimes, "
      "preparedTransactionOffset, bodyLength, bodySha256, properties.",
      dump);
}

} // namespace cafmq::program
