#pragma once

#include <caf/expected.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "actors/metadata_store/metadata_tables.hpp"

namespace cafmq {

inline constexpr const char* topics_file = "topics.json";
inline constexpr const char* offsets_file = "consumerOffset.json";
inline constexpr const char* groups_file = "subscriptionGroup.json";

/// The small files of a store's config/ directory, by their bare names. Blocking.
struct metadata_files {
  /// Nothing where there is no such file. Error: io_error.
  std::function<caf::expected<std::optional<std::string>>(const std::string& name)> read;
  /// When it returns the new text is on disk, and the former one in `name`.bak; a crash leaves one
  /// of both. Error: io_error.
  std::function<caf::expected<void>(const std::string& name, const std::string& text)> replace;
  /// Keeps an unreadable file under another name for whoever wants to look into it.
  std::function<void(const std::string& name)> set_aside;
};

struct loaded_metadata {
  metadata_tables tables;
  std::vector<std::string> remarks; ///< a sentence for each file that could not be read
};

/// Reads all three, as RocketMQ's ConfigManager does: the file; where it is missing or cannot be
/// read, its .bak; else it starts empty. Unreadable files are set aside. Error: io_error.
caf::expected<loaded_metadata> load_metadata(const metadata_files& files);

} // namespace cafmq
