// Real processes, real sockets, real signals: what dies, and what its users then see.

#include <algorithm>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <set>

#include "support/cluster.hpp"

using namespace std::chrono_literals;
using nlohmann::json;
using test::body_of;
using test::cluster;

namespace {

/// Bodies `from`..`to`-1 as a file with one message a line.
std::string numbered_file(const cluster& nodes, int from, int to) {
  auto path = nodes.path("lines-" + std::to_string(from));
  std::ofstream out{path};
  for (int i = from; i < to; ++i)
    out << "message " << i << '\n';
  return path;
}

std::set<std::string> numbered(int from, int to) {
  std::set<std::string> bodies;
  for (int i = from; i < to; ++i)
    bodies.insert("message " + std::to_string(i));
  return bodies;
}

/// Reads messages until all of `wanted` have come, or the deadline passed; returns how often each
/// came.
std::map<std::string, int> await_bodies(std::vector<test::child_process*> consumers,
                                        const std::set<std::string>& wanted,
                                        std::chrono::milliseconds limit) {
  std::map<std::string, int> seen;
  auto missing = wanted.size();
  auto deadline = std::chrono::steady_clock::now() + limit;
  while (missing > 0 && std::chrono::steady_clock::now() < deadline)
    for (auto* consumer : consumers)
      while (auto line = consumer->read_line(20ms))
        if (auto body = body_of(*line); wanted.count(body) > 0 && seen[body]++ == 0) --missing;
  return seen;
}

void create_topic(const cluster& nodes, const std::string& topic) {
  nodes.ask({"topic", "create", topic});
}

} // namespace

namespace {

using receipts = std::map<std::string, json>; ///< by msgId

void keep(receipts& acknowledged, const json& receipt) {
  if (receipt.is_object() && receipt.value("status", "") == "SEND_OK")
    acknowledged[receipt["msgId"]] = receipt;
}

/// What was acknowledged when the broker was killed, after `count` receipts at least.
template <class Producer>
receipts acknowledged_until_kill(cluster& nodes, Producer& producer, std::size_t count) {
  receipts acknowledged;
  while (acknowledged.size() < count) {
    auto line = producer.read_line(20s);
    REQUIRE(line);
    keep(acknowledged, json::parse(*line));
  }
  nodes.kill("broker-a");
  producer.kill();
  while (auto line = producer.read_line(0ms))
    keep(acknowledged, json::parse(*line, nullptr, false));
  return acknowledged;
}

/// How many of these are not in the topic, or not where the receipt says.
std::size_t count_lost(cluster& nodes, const receipts& acknowledged) {
  receipts found;
  for (auto& message :
       nodes.ask({"consume", "orders", "--group", "check", "--from", "first", "--idle-exit", "3"}))
    found[message["msgId"]] = message;
  std::size_t lost = 0;
  for (const auto& [id, receipt] : acknowledged)
    if (!found.count(id) || found[id]["queueOffset"] != receipt["queueOffset"]
        || found[id]["queueId"] != receipt["queueId"])
      ++lost;
  return lost;
}

} // namespace

TEST_CASE("D2: a SIGKILL of the broker loses no acknowledged message under ASYNC_FLUSH") {
  cluster nodes;
  nodes.start_name_server("n1");
  nodes.start_broker("broker-a");
  create_topic(nodes, "orders");
  auto producer =
    nodes.producer("orders", {"--count", "200000", "--size", "100", "--mode", "async"});
  const auto acknowledged = acknowledged_until_kill(nodes, producer, 5000);
  nodes.start_broker("broker-a");
  CHECK(count_lost(nodes, acknowledged) == 0);
}

TEST_CASE("D1: a SIGKILL of the broker loses no acknowledged message under SYNC_FLUSH") {
  cluster nodes;
  nodes.start_name_server("n1");
  nodes.start_broker("broker-a", {"store.flushDiskType=SYNC_FLUSH"});
  create_topic(nodes, "orders");
  auto producer =
    nodes.producer("orders", {"--count", "100000", "--size", "100", "--mode", "sync"});
  const auto acknowledged = acknowledged_until_kill(nodes, producer, 200);
  nodes.start_broker("broker-a", {"store.flushDiskType=SYNC_FLUSH"});
  CHECK(count_lost(nodes, acknowledged) == 0);
  int looked_at = 0;
  for (const auto& [id, receipt] : acknowledged) { // where the offset id says, too
    if (++looked_at > 20) break;                   // one command each
    auto found = nodes.ask({"message", "show", receipt["offsetMsgId"]});
    REQUIRE(found.size() == 1);
    CHECK(found[0]["msgId"] == id);
  }
}

TEST_CASE(
  "C15: a SIGKILLed consumer's queues are consumed by the survivor at once, and nothing is lost") {
  cluster nodes;
  nodes.start_name_server("n1");
  nodes.start_broker("broker-a");
  create_topic(nodes, "orders");
  auto first = nodes.consumer("orders", "billing");
  auto second = nodes.consumer("orders", "billing");
  nodes.command({"produce", "orders", "--file", numbered_file(nodes, 0, 400)});
  auto before = await_bodies({&first, &second}, numbered(0, 400), 20s);
  CHECK(before.size() == 400);
  first.kill();
  nodes.command({"produce", "orders", "--file", numbered_file(nodes, 400, 800)});
  auto after =
    await_bodies({&second}, numbered(400, 800), 10s); // far below the 120 s that silence would take
  CHECK(after.size() == 400);
}

TEST_CASE(
  "C15: a SIGSTOPped consumer's queues are consumed by the survivor after the silence limit") {
  cluster nodes;
  nodes.start_name_server("n1");
  nodes.start_broker(
    "broker-a", {"broker.channelExpiredTimeout=3000", "broker.scanNotActiveChannelInterval=500"});
  create_topic(nodes, "orders");
  const cluster::options fast{"--set", "client.heartbeatBrokerInterval=500"};
  auto frozen = nodes.consumer("orders", "billing", fast);
  auto survivor = nodes.consumer("orders", "billing", fast);
  nodes.command({"produce", "orders", "--file", numbered_file(nodes, 0, 100)});
  CHECK(await_bodies({&frozen, &survivor}, numbered(0, 100), 20s).size() == 100);
  frozen.signal(SIGSTOP);
  nodes.command({"produce", "orders", "--file", numbered_file(nodes, 100, 300)});
  CHECK(await_bodies({&survivor}, numbered(100, 300), 20s).size() == 200);
  frozen.signal(SIGCONT);
}

TEST_CASE("M3, M4: clients outlive all name servers, and an empty restarted one is complete within "
          "a registration period") {
  cluster nodes;
  nodes.start_name_server("n1");
  nodes.start_name_server("n2");
  nodes.start_broker("broker-a");
  create_topic(nodes, "orders");
  auto consumer = nodes.consumer("orders", "billing");
  auto producer = nodes.producer("orders", {"--count", "4000", "--size", "20", "--rate", "500"});
  REQUIRE(producer.read_line(20s));
  std::set<std::string> offsets;
  auto first = consumer.read_line(20s); // it knows its route now
  REQUIRE(first);
  offsets.insert(json::parse(*first)["msgId"]);
  nodes.kill("n1");
  nodes.kill("n2");
  auto receipts = producer.read_all(30s);
  CHECK(receipts.size() == 3999);
  for (const auto& line : receipts)
    if (json::parse(line)["status"] != "SEND_OK") FAIL_CHECK(line);
  while (offsets.size() < 4000) {
    auto line = consumer.read_line(20s);
    REQUIRE(line);
    auto message = json::parse(*line);
    offsets.insert(message["msgId"]);
  }
  nodes.start_name_server("n1");
  auto deadline = std::chrono::steady_clock::now() + 15s; // the broker's period is one second here
  auto sent = nodes.command({"produce", "orders", "--count", "1", "--size", "10"});
  while (sent.exit_code != 0 && std::chrono::steady_clock::now() < deadline)
    sent = nodes.command({"produce", "orders", "--count", "1", "--size", "10"});
  CHECK(sent.exit_code == 0);
}

TEST_CASE("M2: a producer goes on with the other master when one is killed") {
  cluster nodes;
  nodes.start_name_server("n1");
  nodes.start_broker("broker-a");
  nodes.start_broker("broker-b");
  create_topic(nodes, "orders");
  auto producer = nodes.producer(
    "orders", {"--count", "3000", "--size", "20", "--rate", "1000", "--mode", "sync"});
  std::set<std::string> brokers;
  for (int i = 0; i < 200; ++i) {
    auto line = producer.read_line(20s);
    REQUIRE(line);
    brokers.insert(json::parse(*line)["brokerName"]);
  }
  CHECK(brokers == std::set<std::string>{"broker-a", "broker-b"});
  nodes.kill("broker-a");
  auto rest = producer.read_all(60s);
  CHECK(producer.wait(5s) == 0);
  REQUIRE(rest.size() == 2800);
  CHECK(json::parse(rest.back())["brokerName"] == "broker-b");
}

TEST_CASE("L6: SIGTERM stops a broker cleanly: offsets are kept, the abort file is gone") {
  cluster nodes;
  nodes.start_name_server("n1");
  nodes.start_broker("broker-a");
  create_topic(nodes, "orders");
  nodes.command({"produce", "orders", "--file", numbered_file(nodes, 0, 100)});
  CHECK(nodes.ask({"consume", "orders", "--group", "billing", "--from", "first", "--count", "100"})
          .size()
        == 100);
  CHECK(nodes.stop("broker-a") == 0);
  CHECK_FALSE(std::filesystem::exists(nodes.store_of("broker-a") + "/abort"));
  nodes.start_broker("broker-a");
  auto again = nodes.command(
    {"consume", "orders", "--group", "billing", "--from", "first", "--idle-exit", "2", "--json"});
  CHECK(again.lines.empty());
}

TEST_CASE("L14: a second broker cannot open a store that is in use") {
  cluster nodes;
  nodes.start_name_server("n1");
  nodes.start_broker("broker-a");
  auto second = test::run({CAFMQ_PROGRAM, "standalone", "--data", nodes.store_of("broker-a"),
                           "--set", "namesrv.listenPort=0", "--set", "broker.listenPort=0"},
                          20s, nodes.log_of("second"));
  CHECK(second.exit_code != 0);
  std::ifstream log{nodes.log_of("second")};
  std::string text{std::istreambuf_iterator<char>{log}, {}};
  CHECK(text.find(nodes.store_of("broker-a")) != std::string::npos);
}
