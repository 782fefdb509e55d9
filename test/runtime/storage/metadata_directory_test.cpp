#include <doctest/doctest.h>
#include <filesystem>

#include "messages/errors.hpp"
#include "runtime/storage/metadata_directory.hpp"
#include "support/child_process.hpp"

using namespace cafmq;

namespace {

void check_files(metadata_files files) {
  CHECK_FALSE((*files.read("topics.json")).has_value());
  REQUIRE(files.replace("topics.json", "one"));
  CHECK(**files.read("topics.json") == "one");
  CHECK_FALSE((*files.read("topics.json.bak")).has_value());
  REQUIRE(files.replace("topics.json", "two"));
  CHECK(**files.read("topics.json") == "two");
  CHECK(**files.read("topics.json.bak") == "one");
  files.set_aside("topics.json");
  CHECK_FALSE((*files.read("topics.json")).has_value());
}

} // namespace

TEST_CASE(
  "metadata_directory: a replaced file keeps the former one as .bak, in memory as on disk") {
  check_files(files_in_memory());
  test::temporary_directory directory;
  check_files(files_in_directory(directory / "config"));
  CHECK(std::filesystem::exists(directory / "config/topics.json.unreadable"));
}

TEST_CASE("metadata_directory: what the system refuses is told with the path") {
  const auto files = files_in_directory("/proc/no-such-directory");
  const auto refused = files.replace("topics.json", "x");
  REQUIRE_FALSE(refused);
  CHECK(code_of(refused.error()) == errc::io_error);
  CHECK(sentence(refused.error()).find("/proc/no-such-directory") != std::string::npos);
}
