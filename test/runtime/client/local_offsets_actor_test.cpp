#include <caf/exit_reason.hpp>
#include <caf/scoped_actor.hpp>
#include <caf/send.hpp>
#include <doctest/doctest.h>
#include <filesystem>
#include <fstream>

#include "messages/type_ids.hpp"
#include "runtime/actor_system.hpp"
#include "runtime/client/local_offsets_actor.hpp"
#include "support/child_process.hpp"

using namespace cafmq;

namespace {

const std::vector<consumed_position> some{{{{"orders"}, {"broker-a"}, {0}}, {7}},
                                          {{{"orders"}, {"broker-a"}, {1}}, {9}}};

/// The actor in a directory, asked from here. Ended at the end, because it has a thread.
struct keeper {
  explicit keeper(const std::string& directory)
      : actor(spawn_local_offsets(*system, directory)), self(*system) {}
  ~keeper() {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    actor = nullptr;
  }
  caf::expected<local_offsets> load(const std::string& group, const std::string& client) {
    caf::expected<local_offsets> answer{caf::error{}};
    self->request(actor, caf::infinite, load_local_offsets{{group}, {client}})
      .receive([&](const local_offsets& found) { answer = found; },
               [&](caf::error& why) { answer = std::move(why); });
    return answer;
  }
  caf::error save(const std::string& group, const std::string& client,
                  const std::vector<consumed_position>& positions) {
    caf::error failed;
    self->request(actor, caf::infinite, save_local_offsets{{group}, {client}, positions})
      .receive([](const local_offsets_saved&) {},
               [&](caf::error& why) { failed = std::move(why); });
    return failed;
  }

  owned_actor_system system = make_actor_system({.scheduler_threads = 1});
  local_offset_handle actor;
  caf::scoped_actor self;
};

} // namespace

TEST_CASE("local_offsets: what is saved is found again, by group and client") {
  test::temporary_directory directory;
  {
    keeper offsets{directory / "offsets"};
    CHECK(offsets.load("news", "m1")->positions.empty());
    CHECK_FALSE(offsets.save("news", "m1", some));
    CHECK_FALSE(offsets.save("news", "m2", {}));
  }
  keeper offsets{directory / "offsets"};
  CHECK(offsets.load("news", "m1")->positions == some);
  CHECK(offsets.load("news", "m2")->positions.empty());
  CHECK(offsets.load("other", "m1")->positions.empty());
}

TEST_CASE("local_offsets: names from outside stay inside the directory") {
  test::temporary_directory directory;
  keeper offsets{directory / "offsets"};
  CHECK_FALSE(offsets.save("../../news", "../m1", some));
  CHECK(offsets.load("../../news", "../m1")->positions == some);
  int files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator{directory / "offsets"})
    files += entry.is_regular_file() ? 1 : 0;
  CHECK(files == 1);
}

TEST_CASE("local_offsets: a damaged file and a directory that cannot be written are io errors") {
  test::temporary_directory directory;
  keeper offsets{directory / "offsets"};
  CHECK_FALSE(offsets.save("news", "m1", some));
  std::ofstream{directory / "offsets/news/m1.json"} << "{";
  CHECK(code_of(offsets.load("news", "m1").error()) == errc::io_error);
  std::ofstream{directory / "plain"} << "a file";
  keeper nowhere{directory / "plain"};
  CHECK(code_of(nowhere.save("news", "m1", some)) == errc::io_error);
}

TEST_CASE("local_offsets: the text of a file, and back") {
  CHECK(*parse_offsets(offsets_text(some)) == some);
  for (auto text : {"", "{}", "[]", R"({"offsetTable":[{"topic":1}]})"})
    CHECK(code_of(parse_offsets(text).error()) == errc::store_corrupt);
}
