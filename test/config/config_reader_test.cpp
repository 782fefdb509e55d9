#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/config_check.hpp"
#include "config/config_reader.hpp"
#include "config/config_scan.hpp"
#include "config/config_show.hpp"
#include "config/field_table.hpp"

using namespace cafmq;

namespace {

std::vector<std::string> lines_of(const read_settings_result& result) {
  std::vector<std::string> lines;
  for (const auto& fault : result.faults)
    lines.push_back(to_line(fault));
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines)
    text += line + "\n";
  return text;
}

std::string content(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

const std::filesystem::path ready_files =
  std::filesystem::path{CAFMQ_TEST_DIR}.parent_path() / "config" / "defaults";

} // namespace

TEST_CASE("config: reads keys under RocketMQ's names into the structs") {
  const auto result = read_settings(R"({
    "node": {"trustedNetwork": true},
    "broker": {"brokerName": "b1", "listenPort": 0, "bindAddress": "0.0.0.0",
               "brokerIP1": "10.0.0.5", "namesrvAddr": "10.0.0.1:9876;ns2:9877"},
    "store": {"flushDiskType": "SYNC_FLUSH", "fileReservedTime": 48}
  })",
                                    "node.json");
  CHECK(lines_of(result).empty());
  const auto node = result.values.as_node();
  CHECK_FALSE(node.name_server.has_value());
  REQUIRE(node.broker.has_value());
  CHECK(node.broker->broker_name == "b1");
  CHECK(node.broker->listen_port == 0);
  CHECK(node.broker->namesrv_addr == std::vector<std::string>{"10.0.0.1:9876", "ns2:9877"});
  CHECK(node.broker->store.flush_disk == flush_disk_type::sync_flush);
  CHECK(node.broker->store.file_reserved_time == std::chrono::hours{48});
}

TEST_CASE("config: name servers may be an array as well") {
  const auto result =
    read_settings(R"({"client": {"namesrvAddr": ["a:1", "b:2"]}})", "client.json");
  CHECK(lines_of(result).empty());
  CHECK(result.values.client.namesrv_addr == std::vector<std::string>{"a:1", "b:2"});
}

TEST_CASE(
  "config: all faults are reported at once, each with file, line, key and the nearest key") {
  const auto result = read_settings(R"({
  "namesrv": {},
  "broker": {
    "brokerNmae": "x",
    "listenPort": "10911",
    "defaultTopicQueueNums": 0,
    "brokerIP1": "localhost",
    "bindAddress": "0.0.0.0",
    "flushDiskType": "SYNC_FLUSH"
  },
  "store": {
    "mappedFileSizeConsumeQueue": 1001,
    "flushDiskType": "SYNC",
    "deleteWhen": "4;25",
    "fileReservedTime": 1.5
  },
  "brocker": {}
})",
                                    "node.json");
  const std::vector<std::string> expected{
    "node.json:4: broker.brokerNmae: is not a known key (did you mean brokerName?)",
    "node.json:5: broker.listenPort: must be a whole number, not the string \"10911\"",
    "node.json:6: broker.defaultTopicQueueNums: is 0, but must be within 1..65536",
    "node.json:7: broker.brokerIP1: is \"localhost\", but must be an IPv4 address that clients can "
    "reach",
    "node.json:8: broker.bindAddress: binds beyond loopback (0.0.0.0), where the native link obeys "
    "whoever reaches it; say node.trustedNetwork=true if nobody else can",
    "node.json:9: broker.flushDiskType: is not a known key (did you mean store.flushDiskType?)",
    "node.json:12: store.mappedFileSizeConsumeQueue: is 1001, but must be a multiple of 20, the "
    "size of an entry",
    "node.json:13: store.flushDiskType: must be one of SYNC_FLUSH, ASYNC_FLUSH, not the string "
    "\"SYNC\" (did you mean SYNC_FLUSH?)",
    "node.json:14: store.deleteWhen: \"25\" is not an hour of 00..23",
    "node.json:15: store.fileReservedTime: must be a whole number of h, not a number with a "
    "fraction or beyond 64 bits",
    "node.json:17: brocker: is not a known section; they are node, namesrv, broker, store, client "
    "(did you mean broker?)",
  };
  CHECK(joined(lines_of(result)) == joined(expected));
}

TEST_CASE("config: a syntax error is told with its line and a sentence") {
  const auto result =
    read_settings("{\n  \"node\": {\n    \"logLevel\" \"info\"\n  }\n}", "n.json");
  REQUIRE(result.faults.size() == 1);
  CHECK(result.faults[0].where == "n.json:3");
  CHECK(result.faults[0].sentence.starts_with("is not JSON here: "));
  CHECK(read_settings("", "empty.json").faults.at(0).where == "empty.json:1");
  CHECK(read_settings("[]", "a.json").faults.size() == 1);
  CHECK(read_settings("7", "a.json").faults.size() == 1);
  CHECK(read_settings(std::string(100'000, '['), "deep.json").faults.size() == 1);
}

TEST_CASE(
  "config: keys and sections given twice, nulls, nested values and sections that are none") {
  const auto result = read_settings(R"({
  "node": {"logLevel": "info", "logLevel": "warn", "logFile": null},
  "node": {},
  "client": 5,
  "listenPort": 1,
  "namesrv": {"listenPort": {"x": {"y": [1, {"z": 2}]}}, "bindAddress": ["a", 1]}
})",
                                    "n.json");
  const std::vector<std::string> expected{
    "n.json:2: node.logLevel: is given twice, first at n.json:2",
    "n.json:2: node.logFile: must be a string, not null",
    "n.json:3: node: is given twice, first at n.json:2",
    "n.json:4: client: must be an object of keys",
    "n.json:5: listenPort: is not a known section; they are node, namesrv, broker, store, client "
    "(did you mean broker.listenPort?)",
    "n.json:6: namesrv.listenPort: must be a whole number, not an object",
    "n.json:6: namesrv.bindAddress: must be a string, not an array",
  };
  CHECK(joined(lines_of(result)) == joined(expected));
}

TEST_CASE("config: overrides name keys with their section, or alone where that is unambiguous") {
  const auto good = override_settings(
    standalone_settings(),
    {"broker.listenPort=0", "namesrv.listenPort=0", "brokerName=b7", "flushDiskType=SYNC_FLUSH",
     "autoCreateTopicEnable=false", "broker.namesrvAddr=a:1;b:2"});
  CHECK(lines_of(good).empty());
  CHECK(good.values.broker.listen_port == 0);
  CHECK(good.values.broker.broker_name == "b7");
  CHECK(good.values.broker.store.flush_disk == flush_disk_type::sync_flush);
  CHECK_FALSE(good.values.broker.auto_create_topic_enable);
  CHECK(good.values.broker.namesrv_addr.size() == 2);

  const auto bad = override_settings(
    standalone_settings(), {"listenPort=1", "brokerNam=x", "broker.listenPort=99999", "what",
                            "autoCreateTopicEnable=yes", "mappedFileSizeConsumeQueue=7000001"});
  const std::vector<std::string> expected{
    "--set: listenPort: is in more than one section; say namesrv.listenPort or broker.listenPort",
    "--set: brokerNam: is not a known key of a section that is present (did you mean "
    "broker.brokerName?)",
    "--set: broker.listenPort: is 99999, but must be within 0..65535",
    "--set: what: must be key=value",
    "--set: broker.autoCreateTopicEnable: must be true or false, not the string \"yes\"",
    "--set: store.mappedFileSizeConsumeQueue: is 7000001, but must be a multiple of 20, the size "
    "of an entry",
  };
  CHECK(joined(lines_of(bad)) == joined(expected));
}

TEST_CASE("config: an override corrects what the file says, and tells when it has no effect") {
  const auto text = R"({"namesrv": {"listenPort": 70000}})";
  CHECK(read_settings(text, "n.json", {"listenPort=0"}).values.name_server.listen_port == 0);
  const auto absent = read_settings(R"({"namesrv": {}})", "n.json", {"broker.listenPort=0"});
  CHECK(lines_of(absent)
        == std::vector<std::string>{
          "--set: broker.listenPort: has no effect, because there is no section broker"});
}

TEST_CASE("config: values that contradict one another are refused") {
  const auto faults = [](const char* text) { return lines_of(read_settings(text, "n.json")); };
  CHECK(faults(R"({"store": {}})").size() == 1);
  CHECK(faults(R"({"broker": {}})").size() == 1); // no name server anywhere
  CHECK(faults(R"({"broker": {}, "namesrv": {"listenPort": 10911}})").size() == 1);
  CHECK(faults(R"({"namesrv": {"scanNotActiveBrokerInterval": 5000,
                               "brokerNotActiveTimeout": 4000}})")
          .size()
        == 1);
  CHECK(faults(R"({"namesrv": {}, "broker": {}, "store": {"diskMaxUsedSpaceRatio": 95}})").size()
        == 1);
  CHECK(faults(R"({"client": {"pullSuspend": 30000, "pullTimeout": 20000}})").size() == 1);
  CHECK(faults(R"({"node": {"connectionTimeout": 10}})").size() == 1);
  CHECK(faults(R"({"namesrv": {}, "broker": {"brokerId": 1}})").size() == 1);
  CHECK(faults(R"({"namesrv": {}, "broker": {"brokerName": "a b"}})").size() == 1);
}

TEST_CASE(
  "config: the ready files are free of faults, and each runs the roles that its name says") {
  struct expectation {
    const char* file;
    bool name_server, broker;
  };
  for (const auto& [file, name_server, broker] :
       {expectation{"standalone.json", true, true}, expectation{"single-master.json", false, true},
        expectation{"multi-master-a.json", false, true},
        expectation{"multi-master-b.json", false, true},
        expectation{"name-server.json", true, false}}) {
    const auto result = read_settings(content(ready_files / file), file);
    CHECK(lines_of(result).empty());
    CHECK(result.values.as_node().name_server.has_value() == name_server);
    CHECK(result.values.as_node().broker.has_value() == broker);
  }
}

TEST_CASE("config: what is shown reads back to the same values, every key with its default") {
  auto values = standalone_settings();
  values.broker.store.flush_disk = flush_disk_type::sync_flush;
  values.broker.namesrv_addr = {"a:1", "b:2"};
  const auto again = read_settings(to_json(values), "shown.json");
  CHECK(lines_of(again).empty());
  CHECK(to_json(again.values) == to_json(values));
  const auto shown = shown_fields(values);
  CHECK(shown.size() == field_table().size());
  for (const auto& field : shown)
    CHECK(field.is_default == (field.key != "flushDiskType" && field.value != "a:1;b:2"));
}

TEST_CASE("field_table: every key has a sentence, a unique path, and a default within its limits") {
  std::set<std::string> paths;
  for (const auto& field : field_table()) {
    CHECK(paths.insert(field.path()).second);
    CHECK(field.sentence.ends_with("."));
    CHECK(find_field(field.section, field.key) == &field);
  }
  CHECK(check(standalone_settings()).empty());
}

TEST_CASE("field_table: setting a key changes that key and no other") {
  for (const auto& field : field_table()) {
    settings values = standalone_settings();
    config_value other = field.get(values);
    if (auto flag = std::get_if<bool>(&other)) *flag = !*flag;
    if (auto number = std::get_if<std::int64_t>(&other))
      *number = *number == field.max ? field.min : field.max;
    if (auto text = std::get_if<std::string>(&other))
      *text = field.choices.empty()       ? *text + "x"
              : field.choices[0] == *text ? field.choices[1]
                                          : field.choices[0];
    if (auto list = std::get_if<std::vector<std::string>>(&other)) list->push_back("h:1");
    field.set(values, other);
    for (const auto& any : field_table())
      if (&any == &field)
        CHECK_MESSAGE(any.get(values) == other, field.path());
      else
        CHECK_MESSAGE(any.get(values) == any.get(standalone_settings()), any.path());
  }
}

TEST_CASE("config_check: a program's own node is checked like a file") {
  node_config node;
  node.broker.emplace();
  node.broker->broker_ip1 = "nowhere";
  node.name_server.emplace();
  REQUIRE(check(node).size() == 1);
  CHECK(check(node)[0].path == "broker.brokerIP1");
}

TEST_CASE("config_check: a broker bound beyond loopback does not announce loopback") {
  const auto faults_with = [](const std::string& bind_address, const std::string& announced) {
    node_config node;
    node.trusted_network = true;
    node.name_server.emplace();
    node.name_server->bind_address = bind_address;
    node.broker.emplace();
    node.broker->bind_address = bind_address;
    node.broker->broker_ip1 = announced;
    return check(node);
  };
  CHECK(faults_with("127.0.0.1", "127.0.0.1").empty());
  CHECK(faults_with("localhost", "127.0.0.1").empty());
  CHECK(faults_with("0.0.0.0", "10.0.0.5").empty());
  CHECK(faults_with("127.0.0.1", "10.0.0.5").empty()); // a tunnel may lead here
  for (const char* beyond : {"0.0.0.0", "::", "10.0.0.5"}) {
    const auto faults = faults_with(beyond, "127.0.0.1");
    REQUIRE(faults.size() == 1);
    CHECK(to_line(faults[0])
          == "broker.brokerIP1: is 127.0.0.1, but broker.bindAddress is " + std::string{beyond}
               + ": clients elsewhere would dial themselves; set broker.brokerIP1 to this "
                 "machine's address");
  }
}

TEST_CASE("config_check: addresses") {
  CHECK(is_ipv4("127.0.0.1"));
  CHECK_FALSE(is_ipv4("127.0.0.256"));
  CHECK_FALSE(is_ipv4("1.2.3"));
  CHECK_FALSE(is_ipv4("1.2.3.4.5"));
  CHECK_FALSE(is_ipv4("1.2.3.x"));
  CHECK(is_loopback("127.1.2.3"));
  CHECK(is_loopback("::1"));
  CHECK_FALSE(is_loopback("127.host"));
  CHECK(is_address("host-1:9876"));
  CHECK_FALSE(is_address("host"));
  CHECK_FALSE(is_address(":1"));
  CHECK_FALSE(is_address("host:0"));
  CHECK_FALSE(is_address("host:65536"));
}

TEST_CASE("config_scan: any prefix of a configuration is read without harm") {
  const auto text = content(ready_files / "standalone.json");
  for (std::size_t n = 0; n + 2 < text.size(); ++n)
    CHECK_FALSE(scan_config(std::string_view{text}.substr(0, n), "f").faults.empty());
}
