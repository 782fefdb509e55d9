#include "runtime/client/local_offsets_actor.hpp"

#include <algorithm>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "actors/safe_actor.hpp"
#include "messages/type_ids.hpp"

namespace cafmq {

namespace {

namespace fs = std::filesystem;
using json = nlohmann::json;

struct local_offsets_state {
  static inline const char* name = "local_offsets";
};
using local_offsets_pointer = local_offset_handle::stateful_pointer<local_offsets_state>;

fs::path default_directory() {
  const char* home = std::getenv("HOME");
  return fs::path{home != nullptr && *home != '\0' ? home : "."} / ".cafmq_offsets";
}

/// A name from outside as one component of a path.
std::string component(std::string name) {
  std::replace_if(
    name.begin(), name.end(), [](char c) { return c == '/' || c == '\0'; }, '_');
  return name.empty() || name.front() == '.' ? "_" + name : name;
}

fs::path file_of(const fs::path& directory, const group_name& group, const client_id& client) {
  return directory / component(group.value) / (component(client.value) + ".json");
}

caf::error io_failure(const fs::path& file, const std::string& what) {
  return make_error(errc::io_error, "broadcasting offsets in " + file.string() + ": " + what);
}

caf::result<local_offsets> load(const fs::path& file) {
  std::error_code missing;
  if (!fs::exists(file, missing)) return local_offsets{};
  std::ifstream in{file, std::ios::binary};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in.good() && !in.eof()) return io_failure(file, "cannot be read");
  auto positions = parse_offsets(text);
  if (!positions) return io_failure(file, sentence(positions.error()));
  return local_offsets{std::move(*positions)};
}

caf::result<local_offsets_saved> save(const fs::path& file,
                                      const std::vector<consumed_position>& positions) {
  std::error_code failed;
  fs::create_directories(file.parent_path(), failed);
  if (failed) return io_failure(file, failed.message());
  auto next = file;
  next += ".tmp";
  {
    std::ofstream out{next, std::ios::binary | std::ios::trunc};
    out << offsets_text(positions);
    out.flush();
    if (!out) return io_failure(file, "cannot be written");
  }
  fs::rename(next, file, failed);
  if (failed) return io_failure(file, failed.message());
  return local_offsets_saved{};
}

local_offset_handle::behavior_type local_offsets_actor(local_offsets_pointer self,
                                                       const std::string& given) {
  make_safe(self);
  fs::path directory = given.empty() ? default_directory() : fs::path{given};
  return {
    [=](const load_local_offsets& what) {
      return load(file_of(directory, what.group, what.client));
    },
    [=](const save_local_offsets& what) {
      return save(file_of(directory, what.group, what.client), what.positions);
    },
  };
}

} // namespace

std::string offsets_text(const std::vector<consumed_position>& positions) {
  json table = json::array();
  for (const auto& [queue, offset] : positions)
    table.push_back({{"topic", queue.topic.value},
                     {"brokerName", queue.broker.value},
                     {"queueId", queue.id.value},
                     {"offset", offset.value}});
  return json{{"offsetTable", std::move(table)}}.dump(2) + "\n";
}

caf::expected<std::vector<consumed_position>> parse_offsets(const std::string& text) {
  std::vector<consumed_position> positions;
  try {
    const auto whole = json::parse(text);
    for (const auto& entry : whole.at("offsetTable"))
      positions.push_back({{{entry.at("topic").get<std::string>()},
                            {entry.at("brokerName").get<std::string>()},
                            {entry.at("queueId").get<std::int32_t>()}},
                           {entry.at("offset").get<std::int64_t>()}});
  } catch (const json::exception& fault) {
    return make_error(errc::store_corrupt, fault.what());
  }
  return positions;
}

local_offset_handle spawn_local_offsets(caf::actor_system& system, const std::string& directory) {
  return system.spawn<caf::detached>(local_offsets_actor, directory);
}

} // namespace cafmq
