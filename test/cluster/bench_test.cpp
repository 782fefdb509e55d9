// What `cafmq bench` measures adds up, and stands under the names that bench/ours.py reads.

#include <doctest/doctest.h>

#include "support/cluster.hpp"

using json = nlohmann::json;

namespace {

struct measured {
  test::cluster nodes;

  measured() {
    nodes.start_name_server("n1");
    nodes.start_broker("broker-a");
    REQUIRE(nodes.command({"topic", "create", "orders", "--queues", "4"}).exit_code == 0);
  }

  /// The figures of one run of `cafmq bench`, which ends well.
  json bench(std::vector<std::string> words) {
    words.insert(words.begin(), "bench");
    const auto lines = nodes.ask(std::move(words));
    REQUIRE(lines.size() == 1);
    return lines.front();
  }
};

} // namespace

TEST_CASE_FIXTURE(measured, "bench: every way to send stores what it counts, and it is consumed") {
  const std::vector<std::vector<std::string>> ways{
    {"--mode", "sync", "--senders", "8"},
    {"--mode", "sync", "--senders", "8", "--actors"},
    {"--mode", "pipelined"},
    {"--mode", "batched", "--batch", "10"},
  };
  for (auto words : ways) {
    words.insert(words.begin(), {"send", "orders", "--count", "200", "--size", "100"});
    const auto figures = bench(words);
    CHECK(figures["messages"] == 200);
    CHECK(figures["failed"] == 0);
    CHECK(figures["messagesPerSecond"] > 0);
    CHECK(figures["p50Ms"] > 0);
  }
  CHECK(bench({"consume", "orders", "--group", "readers", "--count", "800"})["messages"] == 800);
}

TEST_CASE_FIXTURE(measured, "bench: both ends of a run, and latencies at a rate") {
  const auto both = bench({"end-to-end", "orders", "--mode", "batched", "--count", "320"});
  CHECK(both["messages"] == 320);
  CHECK(both["stored"] == 320);
  const auto latency = bench({"latency", "orders", "--rate", "500", "--seconds", "0.4"});
  CHECK(latency["messages"] == 200);
  CHECK(latency["p99Ms"] >= latency["p50Ms"]);
  CHECK(latency["p999Ms"] >= latency["p99Ms"]);
}

TEST_CASE_FIXTURE(measured, "bench: actors that should not wait are refused") {
  CHECK(nodes.command({"bench", "send", "orders", "--actors", "--mode", "batched"}).exit_code == 2);
}
