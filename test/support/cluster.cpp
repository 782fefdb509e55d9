#include "support/cluster.hpp"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fstream>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

namespace test {

using namespace std::chrono_literals;
using nlohmann::json;

std::uint16_t free_port() {
  int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), length) == 0);
  REQUIRE(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  ::close(fd);
  return ntohs(address.sin_port);
}

void cluster::start_name_server(const std::string& name) {
  auto [port, is_new] = ports_.try_emplace(name, free_port());
  if (is_new) name_server_names_.push_back(name);
  auto file = write_config(name, {{"namesrv", {{"listenPort", port->second}}}});
  await_ready(name, {CAFMQ_PROGRAM, "node", "--config", file, "--json"});
}

void cluster::start_broker(const std::string& name, const options& more) {
  auto port = ports_.try_emplace(name, free_port()).first->second;
  auto file = write_config(name, {{"broker",
                                   {{"brokerName", name},
                                    {"listenPort", port},
                                    {"namesrvAddr", name_servers()},
                                    {"registerNameServerPeriod", 1000}}},
                                  {"store",
                                   {{"storePathRootDir", store_of(name)},
                                    {"mappedFileSizeCommitLog", 16 << 20},
                                    {"maxHashSlotNum", 5000},
                                    {"maxIndexNum", 20000}}}});
  std::vector<std::string> arguments{CAFMQ_PROGRAM, "node", "--config", file, "--json"};
  for (const auto& option : more) {
    arguments.push_back("--set");
    arguments.push_back(option);
  }
  await_ready(name, std::move(arguments));
}

void cluster::await_ready(const std::string& name, std::vector<std::string> arguments) {
  nodes_.erase(name);
  auto& node =
    nodes_.emplace(name, child_process{std::move(arguments), log_of(name)}).first->second;
  auto ready = node.read_until("ready", 20s);
  if (!ready) {
    std::ifstream log{log_of(name)};
    std::stringstream text;
    text << log.rdbuf();
    FAIL("node ", name, " did not become ready: ", text.str());
  }
}

std::string cluster::write_config(const std::string& name, const json& content) const {
  auto file = directory_ / (name + ".json");
  std::ofstream{file} << content.dump(2) << '\n';
  return file;
}

namespace {
void append(std::vector<std::string>& to, const std::vector<std::string>& from) {
  to.insert(to.end(), from.begin(), from.end());
}
} // namespace

child_process cluster::consumer(const std::string& topic, const std::string& group,
                                const options& arguments) const {
  std::vector<std::string> words{CAFMQ_PROGRAM, "consume", topic,    "--group", group,
                                 "--from",      "first",   "--json", "-n",      name_servers()};
  append(words, arguments);
  return child_process{std::move(words), log_of("consumers")};
}

child_process cluster::producer(const std::string& topic, const options& arguments) const {
  std::vector<std::string> words{CAFMQ_PROGRAM, "produce", topic, "--json", "-n", name_servers()};
  append(words, arguments);
  return child_process{std::move(words), log_of("producers")};
}

int cluster::stop(const std::string& name) {
  auto& node = nodes_.at(name);
  node.signal(SIGTERM);
  return node.wait(20s).value_or(-1);
}

void cluster::kill(const std::string& name) { nodes_.at(name).kill(); }

finished_process cluster::command(std::vector<std::string> command) const {
  command.insert(command.begin(), CAFMQ_PROGRAM);
  append(command, {"-n", name_servers()});
  return run(std::move(command), 60s, log_of("commands"));
}

std::vector<json> cluster::ask(std::vector<std::string> words, int expected_exit) const {
  words.push_back("--json");
  auto result = command(words);
  CHECK_MESSAGE(result.exit_code == expected_exit, "cafmq ", words[0], " ended with ",
                result.exit_code);
  std::vector<json> lines;
  for (const auto& line : result.lines)
    lines.push_back(json::parse(line, nullptr, false));
  return lines;
}

std::string cluster::name_servers() const {
  std::string list;
  for (const auto& name : name_server_names_)
    list += (list.empty() ? "127.0.0.1:" : ";127.0.0.1:") + std::to_string(ports_.at(name));
  return list;
}

std::string body_of(const std::string& line) {
  auto parsed = json::parse(line, nullptr, false);
  return parsed.is_object() ? parsed.value("body", std::string{}) : std::string{};
}

} // namespace test
