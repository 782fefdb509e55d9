#include "runtime/program/command.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iostream>
#include <sstream>

#include "config/config_check.hpp"
#include "config/config_reader.hpp"

namespace cafmq::program {

void add_client_options(CLI::App& command, client_options& options) {
  command
    .add_option("-n,--name-server", options.name_servers,
                "Name servers; else the variable NAMESRV_ADDR, else 127.0.0.1:9876")
    ->type_name("HOST:PORT[;HOST:PORT]");
  command.add_flag("--json", options.json, "JSON for scripts, an object a line");
  command.add_option("--config", options.config_file, "Take the section client of this file")
    ->type_name("FILE");
  command
    .add_option("--set", options.overrides,
                "Override a key of the section client, such as sendMsgTimeout=5000")
    ->type_name("KEY=VALUE")
    ->take_all()
    ->allow_extra_args(false);
}

settings client_settings(const client_options& options) {
  read_settings_result read;
  if (!options.config_file.empty())
    read = read_settings(read_file(options.config_file), options.config_file, {});
  if (read.faults.empty()) {
    std::vector<std::string> overrides = options.overrides;
    if (!options.name_servers.empty())
      overrides.push_back("client.namesrvAddr=" + options.name_servers);
    read.values.sections = {"client"}; // whatever else the file holds
    read = override_settings(std::move(read.values), overrides);
  }
  if (!read.faults.empty()) throw command_failed(exit_code::wrong_use, to_lines(read.faults));
  auto& addresses = read.values.client.namesrv_addr;
  if (const char* variable = std::getenv("NAMESRV_ADDR");
      addresses.empty() && variable && *variable) {
    auto from_variable =
      override_settings(read.values, {"client.namesrvAddr=" + std::string{variable}});
    if (!from_variable.faults.empty())
      throw command_failed(exit_code::wrong_use, "NAMESRV_ADDR is no list of host:port joined by "
                                                 "';': "
                                                   + std::string{variable});
    addresses = from_variable.values.client.namesrv_addr;
  }
  if (addresses.empty()) addresses = {"127.0.0.1:9876"};
  return read.values;
}

admin open_admin(const client_options& options) {
  return admin{client{client_settings(options).client}};
}

command_failed failed_command(const failure& why) {
  const bool is_missing = why.code == errc::topic_not_exist || why.code == errc::group_not_exist
                          || why.code == errc::message_not_found
                          || why.code == errc::request_timeout;
  return {is_missing ? exit_code::not_found : exit_code::failed, why.sentence};
}

std::string read_file(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::ifstream in{path, std::ios::binary};
  if (!in || !(text << in.rdbuf() || in.peek() == EOF))
    throw command_failed(exit_code::wrong_use,
                         path + " cannot be read: " + std::strerror(errno == 0 ? EIO : errno));
  return text.str();
}

void print(std::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0)
    throw command_failed(exit_code::failed,
                         std::string{"standard output cannot be written: "} + std::strerror(errno));
}

} // namespace cafmq::program
