#include "support/golden_store.hpp"

#include <chrono>
#include <doctest/doctest.h>
#include <fstream>
#include <sstream>

namespace test {

namespace {

constexpr std::chrono::seconds unpack_limit{60};

std::string golden_file(const std::string& name) {
  return std::string{CAFMQ_TEST_DIR} + "/golden/" + name;
}

} // namespace

golden_store::golden_store(const std::string& name) {
  auto archive = golden_file(name + ".tar.xz");
  auto unpacked = run({"tar", "-xJf", archive, "-C", directory_.path()}, unpack_limit);
  REQUIRE_MESSAGE(unpacked.exit_code == 0, "tar cannot unpack ", archive);
}

std::vector<nlohmann::json> golden_manifest(const std::string& name) {
  auto archive = golden_file(name + ".manifest.jsonl.xz");
  auto unpacked = run({"xz", "-dc", archive}, unpack_limit);
  REQUIRE_MESSAGE(unpacked.exit_code == 0, "xz cannot unpack ", archive);
  std::vector<nlohmann::json> lines;
  for (const auto& line : unpacked.lines)
    lines.push_back(nlohmann::json::parse(line));
  return lines;
}

std::string read_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  REQUIRE_MESSAGE(in.good(), "cannot read ", path);
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

} // namespace test
