#include <doctest/doctest.h>
#include <memory>
#include <thread>

#include "runtime/node.hpp"
#include "support/child_process.hpp"

using namespace cafmq;

namespace {

/// The sentence with which a node refuses to start.
std::string refusal(const node_config& config) {
  try {
    node refused{config};
  } catch (const node_failed& problem) {
    return problem.what();
  }
  return {};
}

} // namespace

TEST_CASE("node: a name server and a broker serve in memory, and stop") {
  node running{embedded_node_config()};
  CHECK(running.name_server_port() != 0);
  CHECK(running.broker_port() != 0);
  CHECK(running.name_server_address() == "127.0.0.1:" + std::to_string(running.name_server_port()));
  CHECK(running.broker_address() == "127.0.0.1:" + std::to_string(running.broker_port()));
  CHECK(running.stop());
  CHECK(running.stop()); // again is harmless
}

TEST_CASE("node: several live in one process") {
  node first{embedded_node_config()};
  node second{embedded_node_config()};
  CHECK(first.name_server_port() != second.name_server_port());
  CHECK(first.broker_port() != second.broker_port());
}

TEST_CASE("node: another thread than the one that started it may stop it or let it go") {
  auto stopped = std::make_unique<node>(embedded_node_config());
  auto dropped = std::make_unique<node>(embedded_node_config());
  std::thread{[&] {
    CHECK(stopped->stop());
    dropped.reset();
  }}.join();
  stopped.reset();
}

TEST_CASE("node: a directory is served again after a stop, and by one node at a time") {
  test::temporary_directory directory;
  {
    node running{embedded_node_config(directory / "store")};
    const auto second = refusal(embedded_node_config(directory / "store"));
    CHECK(second.find(directory / "store") != std::string::npos);
  }
  node again{embedded_node_config(directory / "store")};
  CHECK(again.broker_port() != 0);
}

TEST_CASE("node: runs one role alone") {
  auto config = embedded_node_config();
  config.broker.reset();
  node name_server{config};
  CHECK(name_server.broker_address().empty());
  CHECK(name_server.broker_port() == 0);

  auto other = embedded_node_config();
  other.name_server.reset();
  other.broker->namesrv_addr = {name_server.name_server_address()};
  node broker{other};
  CHECK(broker.name_server_address().empty());
  CHECK(broker.broker_port() != 0);
}

TEST_CASE("node: a broker starts although its name servers are away") {
  auto config = embedded_node_config();
  config.name_server.reset();
  config.broker->namesrv_addr = {"127.0.0.1:1"}; // nobody listens there
  node broker{config};
  CHECK(broker.broker_port() != 0);
}

TEST_CASE("node: every fault of its configuration is in the exception") {
  auto config = embedded_node_config();
  config.broker->broker_ip1 = "here";
  config.name_server->bind_address = "0.0.0.0";
  const auto sentences = refusal(config);
  CHECK(sentences.find("broker.brokerIP1") != std::string::npos);
  CHECK(sentences.find("namesrv.bindAddress") != std::string::npos);
}

TEST_CASE("node: a port in use is told, and nothing is left running") {
  node running{embedded_node_config()};
  auto config = embedded_node_config();
  config.name_server->listen_port = running.name_server_port();
  CHECK(refusal(config).find(std::to_string(running.name_server_port())) != std::string::npos);
  config = embedded_node_config();
  config.broker->listen_port = running.broker_port();
  CHECK(refusal(config).find(std::to_string(running.broker_port())) != std::string::npos);
}
