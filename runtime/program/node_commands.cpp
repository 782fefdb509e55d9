#include <CLI/CLI.hpp>
#include <atomic>
#include <csignal>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <thread>
#include <unistd.h>

#include "actors/log.hpp"
#include "config/config_reader.hpp"
#include "config/version.hpp"
#include "runtime/log_sink.hpp"
#include "runtime/node.hpp"
#include "runtime/program/command.hpp"

namespace cafmq::program {

namespace {

/// A stop takes ten seconds at most by itself; after so long something hangs, and the process ends
/// all the same. Everything acknowledged is on disk long before.
constexpr unsigned stop_limit_seconds = 15;

struct node_options {
  std::string config_file;
  std::string directory;
  std::vector<std::string> overrides;
  bool json = false;
};

settings usable(read_settings_result read) {
  if (!read.faults.empty()) throw command_failed(exit_code::wrong_use, to_lines(read.faults));
  return std::move(read.values);
}

void announce(const node& running, const settings& values, bool as_json) {
  const auto& directory = values.broker.store.store_path_root_dir;
  if (as_json) {
    nlohmann::ordered_json line{{"event", "ready"}, {"version", version()}, {"pid", ::getpid()}};
    if (values.has("namesrv")) {
      line["nameServer"] = running.name_server_address();
      line["nameServerPort"] = running.name_server_port();
    }
    if (values.has("broker")) {
      line["broker"] = running.broker_address();
      line["brokerPort"] = running.broker_port();
      line["brokerName"] = values.broker.broker_name;
      line["dataDir"] = directory;
    }
    print(line.dump() + "\n");
    return;
  }
  std::string text = std::string{"cafmq "} + version() + " ready:";
  if (values.has("namesrv")) text += " name server at " + running.name_server_address();
  if (values.has("namesrv") && values.has("broker")) text += ",";
  if (values.has("broker"))
    text += " broker " + values.broker.broker_name + " at " + running.broker_address() + ", store "
            + (directory.empty() ? "in memory" : "in " + directory);
  print(text + "; process " + std::to_string(::getpid()) + "\n");
}

/// The signals that end a node. Blocked before the first thread starts, so that only the thread
/// that waits for them gets them.
sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  return signals;
}

/// CAF 0.17.6 has races in which the end of an actor system waits for ever for a thread of an actor
/// that has ended. All roles have ended by now, and everything is on disk; so the process ends when
/// the time is over, whatever hangs.
void end_within_limit(exit_code code) {
  constexpr std::chrono::seconds limit{2};
  std::thread{[=] {
    std::this_thread::sleep_for(limit);
    ::_exit(static_cast<int>(code));
  }}.detach();
}

exit_code serve(const settings& values, bool as_json) {
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  start_logging(values.node.log_level, values.node.log_file);
  auto running = std::make_unique<node>(values.as_node());
  std::atomic<bool> role_failed{false};
  running->on_failure([&role_failed](const std::string&) {
    role_failed = true;
    ::kill(::getpid(), SIGTERM);
  });
  announce(*running, values, as_json);
  int received = 0;
  sigwait(&signals, &received);
  log::info("stopping", role_failed ? "a role ended" : strsignal(received));
  // The alarm signal is not blocked and ends the process; a second SIGTERM or SIGINT does, too.
  ::alarm(stop_limit_seconds);
  pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
  const bool ended = running->stop();
  ::alarm(0);
  if (!ended) throw command_failed(exit_code::failed, "a role did not end within its time");
  const auto code = role_failed ? exit_code::failed : exit_code::ok;
  log::info("stopped", "all roles have ended");
  end_within_limit(code);
  running.reset();
  return code;
}

void add_shared_options(CLI::App& command, node_options& options) {
  command
    .add_option("--set", options.overrides,
                "Override a key, such as broker.listenPort=0 or flushDiskType=SYNC_FLUSH; see "
                "cafmq config show")
    ->type_name("KEY=VALUE")
    ->take_all()
    ->allow_extra_args(false);
  command.add_flag("--json", options.json,
                   "The ready line as JSON: event, version, pid, nameServer, nameServerPort, "
                   "broker, brokerPort, brokerName, dataDir");
}

} // namespace

void add_node_commands(CLI::App& app, action& chosen) {
  auto options = std::make_shared<node_options>();

  auto* standalone = app.add_subcommand(
    "standalone", "Run a name server and a broker in this process, until SIGTERM or SIGINT");
  standalone
    ->add_option("--data", options->directory,
                 "The store's directory; without it everything is in memory, at most half of the "
                 "machine's: then the oldest messages go")
    ->type_name("DIR");
  add_shared_options(*standalone, *options);
  standalone->footer("Prints a line when it serves. --set namesrv.listenPort=0 and --set "
                     "broker.listenPort=0 take free ports.");
  standalone->callback([&chosen, options] {
    chosen = [options] {
      auto defaults = standalone_settings();
      auto& store = defaults.broker.store;
      store.store_path_root_dir = options->directory;
      if (options->directory.empty()) { // memory fills fast, and is given back in segments
        store.mapped_file_size_commit_log = 64 * 1024 * 1024;
        store.clean_resource_interval = std::chrono::seconds{1};
      }
      return serve(usable(override_settings(std::move(defaults), options->overrides)),
                   options->json);
    };
  });

  auto* node =
    app.add_subcommand("node", "Run the roles of a configuration file, until SIGTERM or SIGINT");
  node
    ->add_option("--config", options->config_file,
                 "JSON; a section namesrv or broker is a role that runs; - is standard input")
    ->type_name("FILE")
    ->required();
  add_shared_options(*node, *options);
  node->footer("Prints a line when it serves. Ready files are in config/defaults; cafmq config "
               "check FILE says every fault.");
  node->callback([&chosen, options] {
    chosen = [options] {
      auto values = usable(
        read_settings(read_file(options->config_file), options->config_file, options->overrides));
      if (!values.has("namesrv") && !values.has("broker"))
        throw command_failed(exit_code::wrong_use,
                             options->config_file
                               + " has neither a section namesrv nor a section broker, so there is "
                                 "nothing to run");
      return serve(values, options->json);
    };
  });
}

} // namespace cafmq::program
