#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "support/child_process.hpp"

namespace test {

/// A TCP port of the loopback interface that nobody uses now.
std::uint16_t free_port();

/// Node processes of one test: each started from the program under test, with free ports, short
/// intervals and its standard error in a file that is shown when the test fails.
class cluster {
public:
  using options = std::vector<std::string>; ///< `key=value`, as for --set

  /// Starts a name server and waits until it is ready; `name` tells it from others. A second start
  /// uses the same port.
  void start_name_server(const std::string& name);
  /// Starts a master that registers with all name servers started so far; its store is kept over
  /// restarts.
  void start_broker(const std::string& name, const options& more = {});
  /// Starts a consumer of the program: it prints a JSON line a message.
  child_process consumer(const std::string& topic, const std::string& group,
                         const options& arguments = {}) const;
  child_process producer(const std::string& topic, const options& arguments) const;

  child_process& process(const std::string& name) { return nodes_.at(name); }
  /// SIGTERM; the exit code.
  int stop(const std::string& name);
  void kill(const std::string& name);

  /// Runs a client command with --json and returns its output lines as JSON.
  std::vector<nlohmann::json> ask(std::vector<std::string> command, int expected_exit = 0) const;
  finished_process command(std::vector<std::string> command) const;

  std::string name_servers() const;
  std::string store_of(const std::string& broker) const { return directory_ / broker; }
  std::string log_of(const std::string& name) const { return directory_ / (name + ".log"); }
  std::string path(const std::string& name) const { return directory_ / name; }

private:
  void await_ready(const std::string& name, std::vector<std::string> arguments);
  std::string write_config(const std::string& name, const nlohmann::json& content) const;

  temporary_directory directory_;
  std::map<std::string, std::uint16_t> ports_;
  std::vector<std::string> name_server_names_;
  std::map<std::string, child_process> nodes_;
};

/// A message as `cafmq consume --json` prints it: which one it is, for sets and maps.
std::string body_of(const std::string& line);

} // namespace test
