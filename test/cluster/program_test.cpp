// The program's own manners: exit codes, faults, help. Hardly anything here needs a broker.

#include <doctest/doctest.h>
#include <fstream>
#include <nlohmann/json.hpp>

#include "support/child_process.hpp"
#include "support/cluster.hpp"

using namespace std::chrono_literals;

namespace {

struct outcome {
  int exit_code;
  std::string out;
  std::string err;
};

outcome cafmq(std::vector<std::string> words) {
  test::temporary_directory directory;
  words.insert(words.begin(), CAFMQ_PROGRAM);
  const auto done = test::run(std::move(words), 30s, directory / "err");
  outcome result{done.exit_code, {}, {}};
  for (const auto& line : done.lines)
    result.out += line + "\n";
  std::ifstream err{directory / "err"};
  result.err.assign(std::istreambuf_iterator<char>{err}, {});
  return result;
}

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string file_with(const test::temporary_directory& directory, const std::string& text) {
  std::ofstream{directory / "node.json"} << text;
  return directory / "node.json";
}

} // namespace

TEST_CASE("program: wrong words end with 2 and name what was meant") {
  const auto unknown = cafmq({"confg"});
  CHECK(unknown.exit_code == 2);
  CHECK(holds(unknown.err, "did you mean config?"));
  CHECK(cafmq({}).exit_code == 2);
  CHECK(cafmq({"topic", "create"}).exit_code == 2);
  CHECK(cafmq({"produce", "t", "--mode", "fast"}).exit_code == 2);
}

TEST_CASE("program: every command explains itself") {
  for (const char* noun : {"standalone", "node", "config", "produce", "consume", "topic", "group",
                           "message", "cluster", "bench", "store"}) {
    const auto help = cafmq({noun, "--help"});
    CHECK_MESSAGE(help.exit_code == 0, noun);
    CHECK_MESSAGE(holds(help.out, noun), noun);
    CHECK_MESSAGE(holds(cafmq({"--help"}).out, noun), noun);
  }
}

TEST_CASE("program: config check says every fault with its line, and ends with 2") {
  test::temporary_directory directory;
  const auto file =
    file_with(directory, "{\n\"namesrv\": {\n\"listnPort\": 1,\n\"bindAddress\": 5}}");
  const auto checked = cafmq({"config", "check", file});
  CHECK(checked.exit_code == 2);
  CHECK(holds(checked.err,
              file + ":3: namesrv.listnPort: is not a known key (did you mean listenPort?)"));
  CHECK(holds(checked.err, file + ":4: namesrv.bindAddress: must be a string"));
  CHECK(cafmq({"config", "check", directory / "absent.json"}).exit_code == 2);
  const auto listed = cafmq({"config", "check", "--json", file});
  CHECK(listed.exit_code == 2);
  const auto first = nlohmann::json::parse(listed.out.substr(0, listed.out.find('\n')));
  CHECK(first["where"] == file + ":3");
  CHECK(first["path"] == "namesrv.listnPort");
  CHECK(first["meant"] == "listenPort");
}

TEST_CASE("program: config show prints every key, and its JSON is a configuration without faults") {
  CHECK(holds(cafmq({"config", "show"}).out, "flushDiskType"));
  test::temporary_directory directory;
  const auto shown = cafmq({"config", "show", "--json", "--set", "brokerName=b9"});
  CHECK(shown.exit_code == 0);
  const auto file = file_with(directory, shown.out);
  CHECK(cafmq({"config", "check", file}).exit_code == 0);
  CHECK(holds(cafmq({"config", "show", file}).out, "b9"));
}

TEST_CASE("program: a node whose configuration has faults does not start, and ends with 2") {
  CHECK(cafmq({"standalone", "--set", "listenPort=0"}).exit_code == 2); // in two sections
  CHECK(cafmq({"node", "--config", "/no/such/file"}).exit_code == 2);
  const auto open = cafmq({"standalone", "--set", "broker.bindAddress=0.0.0.0"});
  CHECK(open.exit_code == 2);
  CHECK(holds(open.err, "trustedNetwork"));
}

TEST_CASE("program: without a name server a client command fails with a sentence and 1") {
  const auto listed = cafmq({"topic", "list", "-n", "127.0.0.1:1"});
  CHECK(listed.exit_code == 1);
  CHECK(holds(listed.err, "127.0.0.1:1"));
  CHECK(cafmq({"produce", "t", "--count", "1", "-n", "127.0.0.1:1"}).exit_code == 1);
}

TEST_CASE("program: a client command takes its section of any configuration") {
  test::temporary_directory directory;
  const auto file = file_with(directory, R"({"namesrv": {}, "broker": {}})");
  const auto listed = cafmq({"topic", "list", "--config", file, "-n", "127.0.0.1:1"});
  CHECK(listed.exit_code == 1);
  CHECK(holds(listed.err, "127.0.0.1:1"));
  const auto set = cafmq({"topic", "list", "--config", file, "--set", "namesrvAddr=127.0.0.1:2"});
  CHECK(set.exit_code == 1);
  CHECK(holds(set.err, "127.0.0.1:2"));
}

TEST_CASE("program: a consumer says why nothing comes, once, and ends with 3") {
  test::cluster nodes;
  nodes.start_name_server("n1");
  nodes.start_broker("broker-a");
  nodes.ask({"topic", "create", "orders"});
  const auto mistyped = cafmq({"consume", "ordrs", "--group", "g", "--idle-exit", "2.5", "--json",
                               "-n", nodes.name_servers()});
  CHECK(mistyped.exit_code == 3);
  CHECK(mistyped.out.empty());
  CHECK(mistyped.err
        == "cafmq: topic ordrs is served by no live broker; create it, or start its broker\n");
  const auto idle =
    cafmq({"consume", "orders", "--group", "g", "--idle-exit", "1.5", "-n", nodes.name_servers()});
  CHECK(idle.exit_code == 3);
  CHECK(idle.err.empty());
}

TEST_CASE("program: a consumer without a name server says so, and ends with 3") {
  const auto consumed =
    cafmq({"consume", "orders", "--group", "g", "--idle-exit", "1", "-n", "127.0.0.1:1"});
  CHECK(consumed.exit_code == 3);
  CHECK(consumed.out.empty());
  CHECK(consumed.err
        == "cafmq: no name server answers at 127.0.0.1:1; start one, or name another\n");
}
