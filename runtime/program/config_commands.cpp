#include <CLI/CLI.hpp>
#include <memory>

#include "config/config_reader.hpp"
#include "config/config_show.hpp"
#include "runtime/console/json_line.hpp"
#include "runtime/console/table.hpp"
#include "runtime/program/command.hpp"

namespace cafmq::program {

namespace {

struct config_options {
  std::string file;
  std::vector<std::string> overrides;
  bool json = false;
};

read_settings_result read(const config_options& options) {
  return options.file.empty()
           ? override_settings(standalone_settings(), options.overrides)
           : read_settings(read_file(options.file), options.file, options.overrides);
}

settings without_faults(read_settings_result result) {
  if (!result.faults.empty()) throw command_failed(exit_code::wrong_use, to_lines(result.faults));
  return std::move(result.values);
}

exit_code check_file(const config_options& options) {
  auto result = read(options);
  if (options.json) {
    for (const auto& fault : result.faults)
      print(json_line{}
              .text("where", fault.where)
              .text("path", fault.path)
              .text("sentence", fault.sentence)
              .text("meant", fault.meant)
              .str()
            + "\n");
    return result.faults.empty() ? exit_code::ok : exit_code::wrong_use;
  }
  const auto values = without_faults(std::move(result));
  std::string roles;
  if (values.has("namesrv")) roles += "name server";
  if (values.has("broker")) roles += (roles.empty() ? "" : " and ") + std::string{"broker "};
  if (values.has("broker")) roles += values.broker.broker_name;
  print(options.file + " has no faults; it runs " + (roles.empty() ? "no role" : roles) + "\n");
  return exit_code::ok;
}

exit_code show_file(const config_options& options) {
  const auto values = without_faults(read(options));
  if (options.json) {
    print(to_json(values) + "\n");
    return exit_code::ok;
  }
  std::string_view section;
  text_table table{{"key", "value", "unit", "", "meaning"}};
  std::string text;
  auto finish_section = [&] {
    if (!table.empty()) text += std::string{section} + "\n" + table.render(2) + "\n";
    table = text_table{{"key", "value", "unit", "", "meaning"}};
  };
  for (const auto& field : shown_fields(values)) {
    if (field.section != section) finish_section();
    section = field.section;
    table.add({std::string{field.key}, field.value.empty() ? "\"\"" : field.value,
               std::string{field.unit}, field.is_default ? "" : "set",
               std::string{field.sentence}});
  }
  finish_section();
  print(text);
  return exit_code::ok;
}

void add_set(CLI::App& command, config_options& options) {
  command.add_option("--set", options.overrides, "Override a key, such as broker.listenPort=0")
    ->type_name("KEY=VALUE")
    ->take_all()
    ->allow_extra_args(false);
}

} // namespace

void add_config_commands(CLI::App& app, action& chosen) {
  auto* config = app.add_subcommand("config", "Check and show configuration files");
  config->require_subcommand(1);
  auto options = std::make_shared<config_options>();

  auto* check = config->add_subcommand(
    "check", "Say every fault of a configuration file at once, each with its line");
  check->add_option("FILE", options->file, "The file; - is standard input")->required();
  add_set(*check, *options);
  check->add_flag("--json", options->json, "JSON for scripts, an object a fault");
  check->callback([&chosen, options] { chosen = [options] { return check_file(*options); }; });

  auto* show = config->add_subcommand(
    "show", "Show every key with its value in force, its unit and its meaning");
  show->add_option("FILE", options->file,
                   "The file; - is standard input; without it the defaults of all roles");
  add_set(*show, *options);
  show->add_flag("--json", options->json, "A complete configuration file");
  show->callback([&chosen, options] { chosen = [options] { return show_file(*options); }; });
}

} // namespace cafmq::program
