#include <doctest/doctest.h>

#include "actors/metadata_store/metadata_files.hpp"
#include "support/memory_files.hpp"

namespace cafmq {
namespace {

const std::string good = R"({"offsetTable":{"orders@g":{0:17}}})";
const std::string older = R"({"offsetTable":{"orders@g":{0:11}}})";

struct fixture {
  std::shared_ptr<test::memory_files> disk = std::make_shared<test::memory_files>();
  loaded_metadata load() { return *load_metadata(test::memory_files::port(disk)); }
  std::int64_t offset() {
    auto loaded = load();
    auto offsets = loaded.tables.offsets_of({"g"});
    return offsets.empty() ? -1 : offsets.front().offset.value;
  }
};

TEST_CASE_FIXTURE(fixture, "metadata_files: an empty directory is an empty broker") {
  CHECK(load().tables.topics().empty());
  CHECK(load().remarks.empty());
}

TEST_CASE_FIXTURE(fixture, "metadata_files: the file counts, not its .bak") {
  disk->files = {{offsets_file, good}, {"consumerOffset.json.bak", older}};
  CHECK(offset() == 17);
}

TEST_CASE_FIXTURE(fixture, "metadata_files: without the file its .bak counts") {
  disk->files = {{"consumerOffset.json.bak", older}};
  CHECK(offset() == 11);
}

TEST_CASE_FIXTURE(fixture, "M1 metadata_files: for a torn file its .bak counts, and it is kept") {
  for (std::size_t cut = 0; cut < good.size(); ++cut) {
    CAPTURE(cut);
    disk->files = {{offsets_file, good.substr(0, cut)}, {"consumerOffset.json.bak", older}};
    auto loaded = load();
    CHECK(loaded.tables.offsets_of({"g"}).front().offset.value == 11);
    CHECK(loaded.remarks.size() == 1);
    CHECK(disk->files.count("consumerOffset.json.unreadable") == 1);
    CHECK(disk->files.count(offsets_file) == 0);
  }
}

TEST_CASE_FIXTURE(fixture, "metadata_files: with both unreadable it starts empty and keeps both") {
  disk->files = {{topics_file, "x"}, {"topics.json.bak", "y"}};
  auto loaded = load();
  CHECK(loaded.tables.topics().empty());
  CHECK(loaded.remarks.size() == 2);
  CHECK(disk->files.size() == 2);
}

TEST_CASE_FIXTURE(fixture,
                  "metadata_files: a disk that cannot be read is an error, not an empty broker") {
  auto port = test::memory_files::port(disk);
  port.read = [](const std::string&) -> caf::expected<std::optional<std::string>> {
    return make_error(errc::io_error, "no permission");
  };
  CHECK(code_of(load_metadata(port).error()) == errc::io_error);
}

} // namespace
} // namespace cafmq
