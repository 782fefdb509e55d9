#include <CLI/CLI.hpp>
#include <memory>

#include "messages/received_message.hpp"
#include "runtime/console/json_line.hpp"
#include "runtime/console/table.hpp"
#include "runtime/console/time_text.hpp"
#include "runtime/program/command.hpp"

namespace cafmq::program {

namespace {

struct message_options : client_options {
  std::string id;
  std::string topic;
  std::string key;
  std::string unique_key;
  std::string begin;
  std::string end;
  std::string broker;
  int queue = -1;
  std::int64_t offset = -1;
  int count = 32;
};

void print_whole(const received_message& message) {
  std::string text;
  const auto line = [&](const char* title, std::string_view value) {
    text += std::string{title} + std::string(16 - std::string_view{title}.size(), ' ')
            + std::string{value} + "\n";
  };
  line("topic", message.topic());
  line("broker, queue", message.broker() + "/" + std::to_string(message.queue_id()));
  line("queue offset", std::to_string(message.queue_offset()));
  line("message id", message.msg_id());
  line("offset id", message.offset_msg_id());
  line("born", readable_time(message.born_timestamp()) + " at " + message.born_host());
  line("stored", readable_time(message.store_timestamp()));
  line("reconsume times", std::to_string(message.reconsume_times()));
  for (const auto& [name, value] : message.properties())
    line(name == property::keys   ? "keys"
         : name == property::tags ? "tags"
                                  : ("  " + name).substr(0, 15).c_str(),
         value);
  if (!message.body_problem().empty())
    line("body", message.body_problem());
  else if (is_utf8(message.body()))
    text += "body, " + readable_bytes(static_cast<std::int64_t>(message.body().size())) + "\n"
            + std::string{message.body()} + "\n";
  else
    text += "body, base64 of " + readable_bytes(static_cast<std::int64_t>(message.body().size()))
            + "\n" + base64(message.body()) + "\n";
  print(text);
}

exit_code print_found(const message_options& options, const std::vector<received_message>& found,
                      const std::string& wanted) {
  if (found.empty()) throw command_failed(exit_code::not_found, "nothing found: " + wanted);
  constexpr std::size_t body_columns = 40;
  text_table table{{"broker", "queue", "offset", "message id", "keys", "tags", "stored", "body"}};
  for (const auto& message : found) {
    if (options.json) print(message_line(message) + "\n");
    table.add({message.broker(), std::to_string(message.queue_id()),
               std::to_string(message.queue_offset()), message.msg_id(),
               std::string{message.keys()}, std::string{message.tags()},
               readable_time(message.store_timestamp()),
               shortened(is_utf8(message.body()) ? message.body() : "(bytes)", body_columns)});
  }
  if (!options.json) print(table.render());
  return exit_code::ok;
}

wall_time_ms time_or(const std::string& text, wall_time_ms otherwise, const char* option) {
  if (text.empty()) return otherwise;
  if (const auto time = parse_time(text)) return *time;
  throw command_failed(exit_code::wrong_use,
                       std::string{option} + ": '" + text
                         + "' is no time; write milliseconds since 1970, 2026-11-25T15:04:05, or "
                           "yyyyMMddHHmmss");
}

exit_code show_message(const message_options& options) {
  const auto found = value_or_fail(open_admin(options).view_message(options.id, {options.topic}));
  if (options.json)
    print(message_line(found) + "\n");
  else
    print_whole(found);
  return exit_code::ok;
}

exit_code find_messages(const message_options& options) {
  const bool by_key = !options.key.empty() || !options.unique_key.empty();
  const bool by_offset = options.queue >= 0 || options.offset >= 0;
  if (by_key == by_offset || (by_offset && (options.queue < 0 || options.offset < 0)))
    throw command_failed(exit_code::wrong_use,
                         "say either --key or --unique-key, or --queue and --offset");
  if (by_offset) {
    const message_queue queue{{options.topic}, {options.broker}, {options.queue}};
    return print_found(
      options, value_or_fail(open_admin(options).messages_at(queue, options.offset, options.count)),
      "queue " + std::to_string(options.queue) + " has no message at offset "
        + std::to_string(options.offset));
  }
  const auto& key = options.key.empty() ? options.unique_key : options.key;
  const auto begin = time_or(options.begin, 0, "--begin");
  const auto end = time_or(options.end, INT64_MAX, "--end");
  return print_found(options,
                     value_or_fail(open_admin(options).query_messages({options.topic}, key,
                                                                      options.count, begin, end)),
                     "topic " + options.topic + " has no message with the key " + key);
}

} // namespace

void add_message_commands(CLI::App& app, action& chosen) {
  auto* message = app.add_subcommand("message", "Find and show stored messages");
  message->require_subcommand(1);
  auto options = std::make_shared<message_options>();

  auto* show = message->add_subcommand("show", "One message with everything that is known of it");
  show->add_option("ID", options->id, "Its offset message id or unique key")->required();
  show->add_option("--topic", options->topic,
                   "Where to look for a unique key; without it in all topics");
  add_client_options(*show, *options);
  show->footer("Ends with 3 when there is no such message.");
  show->callback([&chosen, options] { chosen = [options] { return show_message(*options); }; });

  auto* find = message->add_subcommand("find", "Messages of a topic by key or by offset");
  find->add_option("TOPIC", options->topic, "The topic")->required();
  find->add_option("--key", options->key, "A key of the message");
  find->add_option("--unique-key", options->unique_key, "Its unique key (msgId)");
  find->add_option("--begin", options->begin, "Stored at this time or later")->type_name("TIME");
  find->add_option("--end", options->end, "Stored at this time or earlier")->type_name("TIME");
  find->add_option("--queue", options->queue, "Queue id, with --offset")
    ->check(CLI::NonNegativeNumber);
  find->add_option("--offset", options->offset, "Queue offset of the first message")
    ->check(CLI::NonNegativeNumber);
  find->add_option("-b,--broker", options->broker, "Only on this broker, with --queue");
  find->add_option("--count", options->count, "Most messages to show")->check(CLI::PositiveNumber);
  add_client_options(*find, *options);
  find->footer("TIME is milliseconds since 1970, 2026-11-25T15:04:05[Z], or yyyyMMddHHmmss.\n"
               "Ends with 3 when nothing was found.");
  find->callback([&chosen, options] { chosen = [options] { return find_messages(*options); }; });
}

} // namespace cafmq::program
