#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>

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

int run(int argc, char** argv) {
  CLI::App app{about, "cafmq"};
  app.set_version_flag("--version", cafmq::version());
  app.footer(closing);
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "Help for all commands");
  action chosen;
  add_config_commands(app, chosen);
  add_produce_command(app, chosen);
  add_bench_commands(app, chosen);
  add_topic_commands(app, chosen);
  add_group_commands(app, chosen);
  add_message_commands(app, chosen);
  add_cluster_commands(app, chosen);
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
  } catch (const std::exception& problem) {
    std::fprintf(stderr, "cafmq: %s\n", problem.what());
    return static_cast<int>(exit_code::failed);
  }
}
