#include <doctest/doctest.h>

#include "runtime/storage/file_directory.hpp"
#include "runtime/storage/memory_directory.hpp"
#include "support/child_process.hpp"

using namespace cafmq;

namespace {

/// What every place for a store does alike.
void check_place(store_directory& place) {
  auto file = place.create("deep/er/file", 100);
  REQUIRE(file);
  const std::vector<std::uint8_t> bytes{1, 2, 3};
  REQUIRE((*file)->write(50, bytes));
  REQUIRE((*file)->map());
  CHECK((*file)->view()[51] == 2);
  REQUIRE((*file)->zero_from(51));
  CHECK((*file)->view()[50] == 1);
  CHECK((*file)->view()[51] == 0);
  REQUIRE(place.create("deep/other/file", 1, naming::by_next_sync));
  CHECK(place.sync({"deep/other/file", "deep/removed/file"}));
  CHECK(place.sync(std::vector<std::string>(100, "deep/other/file")));
  CHECK(*place.folders("deep") == std::vector<std::string>{"er", "other"});
  auto files = place.files("deep/er");
  REQUIRE(files->size() == 1);
  CHECK(files->front().size == 100);
  CHECK(place.files("nowhere")->empty());
  CHECK_FALSE(place.open("deep/none"));
  CHECK_FALSE(place.read_small("abort")->has_value());
  REQUIRE(place.write_small("abort", "text"));
  CHECK(*place.read_small("abort") == "text");
  REQUIRE(place.write_small("abort", "x"));
  CHECK(*place.read_small("abort") == "x");
  REQUIRE(place.remove("deep"));
  CHECK(place.folders("deep")->empty());
}

} // namespace

TEST_CASE("file_directory, memory_directory: files, folders and small files alike") {
  ::test::temporary_directory directory;
  file_directory on_disk{directory / "not/yet/there"};
  check_place(on_disk);
  memory_directory in_memory;
  check_place(in_memory);
}

TEST_CASE("memory_directory: what is written counts as use of a disk, what is removed no more") {
  memory_directory place{1'000};
  CHECK(place.used_percent() == 0);
  auto file = place.create("log/0", 2'000);
  CHECK(place.used_percent() == 0);
  REQUIRE((*file)->write(0, std::vector<std::uint8_t>(500)));
  CHECK(place.used_percent() == 50);
  REQUIRE((*file)->write(500, std::vector<std::uint8_t>(401)));
  CHECK(place.used_percent() == 91);
  REQUIRE(place.remove("log"));
  CHECK(place.used_percent() == 0);
}

TEST_CASE("file_directory: a place that cannot be made is refused with its name") {
  file_directory place{"/proc/no/such/place"};
  auto locked = place.lock();
  REQUIRE_FALSE(locked);
  CHECK(code_of(locked.error()) == errc::io_error);
  CHECK(sentence(locked.error()).find("/proc/no") != std::string::npos);
}
