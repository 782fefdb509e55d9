#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <stdexcept>

#include "config/nearest_name.hpp"
#include "config/version.hpp"
#include "runtime/program/command.hpp"

namespace {

using namespace cafmq::program;

constexpr const char* about =
  "A message broker with RocketMQ's model, built as actors.\n\n"
  "  cafmq standalone --data /tmp/store &        a name server and a broker in one process\n"
  "  cafmq topic create orders                   a topic with four queues\n"
  "  echo hello | cafmq produce orders           a message a line\n"
  "  cafmq consume orders --group billing --from first\n"
  "  cafmq group show billing                    who consumes what, and how far";

constexpr const char* closing =
  "Ends with 0: done; 1: failed; 2: wrong use or configuration; 3: nothing found or time ran out.\n"
  "Client commands find the name server by -n, else NAMESRV_ADDR, else 127.0.0.1:9876.";

/// Throws command_failed for a word that stands where a command should and is none.
void check_commands(CLI::App& app, int argc, char** argv) {
  const CLI::App* at = &app;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const CLI::App* command = nullptr;
    std::vector<std::string> known;
    for (const auto* each : at->get_subcommands([](const CLI::App*) { return true; })) {
      known.push_back(each->get_name());
      if (each->check_name(word)) command = each;
    }
    if (known.empty() || word.starts_with("-")) return;
    if (command == nullptr) {
      const auto meant = cafmq::nearest_name(word, known);
      throw command_failed(exit_code::wrong_use,
                           "'" + word + "' is no command of " + at->get_name()
                             + (meant.empty() ? "" : " (did you mean " + meant + "?)") + "; "
                             + at->get_name() + " --help lists them");
    }
    at = command;
  }
}

int run(int argc, char** argv) {
  CLI::App app{about, "cafmq"};
  app.set_version_flag("--version", cafmq::version());
  app.footer(closing);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help for all commands");
  action chosen;
  add_node_commands(app, chosen);
  add_config_commands(app, chosen);
  add_produce_command(app, chosen);
  add_consume_command(app, chosen);
  add_store_commands(app, chosen);
  add_bench_commands(app, chosen);
  add_topic_commands(app, chosen);
  add_group_commands(app, chosen);
  add_message_commands(app, chosen);
  add_cluster_commands(app, chosen);
  check_commands(app, argc, argv);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& problem) {
    return app.exit(problem) == 0 ? 0 : static_cast<int>(exit_code::wrong_use);
  }
  return static_cast<int>(chosen());
}

} // namespace

int main(int argc, char** argv) {
  // A closed pipe is an error of the write, which says what could not be written.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const command_failed& problem) {
    std::fprintf(stderr, "cafmq: %s\n", problem.what());
    return static_cast<int>(problem.code);
  } catch (const std::invalid_argument& problem) {
    std::fprintf(stderr, "cafmq: %s\n", problem.what());
    return static_cast<int>(exit_code::wrong_use);
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "cafmq: %s\n", problem.what());
    return static_cast<int>(exit_code::failed);
  }
}
