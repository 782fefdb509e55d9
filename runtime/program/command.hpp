#pragma once

#include <functional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "config/settings.hpp"
#include "runtime/client/admin.hpp"

namespace CLI {
class App;
}

namespace cafmq::program {

/// How the program ends; scripts rely on it.
enum class exit_code : int {
  ok = 0,
  failed = 1,    ///< the operation failed: a sentence on standard error says why
  wrong_use = 2, ///< command line or configuration has faults
  not_found = 3, ///< nothing was found, or time ran out before all was done
};

/// Ends the command with a sentence for people.
class command_failed : public std::runtime_error {
public:
  command_failed(exit_code why, const std::string& sentence)
      : std::runtime_error(sentence), code(why) {}
  const exit_code code;
};

/// What the chosen command does, set while the command line is read and run after it.
using action = std::function<exit_code()>;

/// Options of every client command.
struct client_options {
  std::string name_servers; ///< as given with -n
  std::string config_file;
  std::vector<std::string> overrides;
  bool json = false;
};

/// Adds -n, --json, --config and --set.
void add_client_options(CLI::App& command, client_options& options);

/// The settings for a client: `client` and `node` sections of the file, overrides, then the name
/// servers from -n, else from the settings, else NAMESRV_ADDR, else 127.0.0.1:9876.
/// Throws command_failed (wrong_use) with every fault.
settings client_settings(const client_options& options);

/// The cluster that these options name.
admin open_admin(const client_options& options);

/// A failure of the C++ API as the end of a command: not_found when something is not there or
/// nobody answered in time, else failed.
command_failed failed_command(const failure& why);

/// Throws command_failed when there is no value.
template <class T>
T value_or_fail(result<T> outcome) {
  if (!outcome) throw failed_command(outcome.error());
  return std::move(*outcome);
}

/// The content of a file, or of standard input for "-". Throws command_failed.
std::string read_file(const std::string& path);

/// Writes to standard output at once; throws command_failed when it is closed or full.
void print(std::string_view text);

// One file a noun. Each adds its commands to `app` and sets `chosen` when one is given.
void add_node_commands(CLI::App& app, action& chosen);
void add_config_commands(CLI::App& app, action& chosen);
void add_produce_command(CLI::App& app, action& chosen);
void add_consume_command(CLI::App& app, action& chosen);
void add_topic_commands(CLI::App& app, action& chosen);
void add_group_commands(CLI::App& app, action& chosen);
void add_message_commands(CLI::App& app, action& chosen);
void add_cluster_commands(CLI::App& app, action& chosen);
void add_bench_commands(CLI::App& app, action& chosen);
void add_store_commands(CLI::App& app, action& chosen);

} // namespace cafmq::program
