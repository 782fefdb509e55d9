#pragma once

#include <map>
#include <memory>
#include <string>

#include "actors/metadata_store/metadata_files.hpp"
#include "messages/errors.hpp"

namespace cafmq::test {

/// A config/ directory in memory: what a test looks into, and what survives the "restart" of a
/// broker. `is_failing` refuses every write.
struct memory_files {
  std::map<std::string, std::string> files;
  bool is_failing = false;
  int writes = 0;

  /// The port; it holds on to `self`.
  static metadata_files port(const std::shared_ptr<memory_files>& self) {
    metadata_files result;
    result.read = [self](const std::string& name) -> caf::expected<std::optional<std::string>> {
      auto found = self->files.find(name);
      if (found == self->files.end()) return std::optional<std::string>{};
      return std::optional<std::string>{found->second};
    };
    result.replace = [self](const std::string& name,
                            const std::string& text) -> caf::expected<void> {
      if (self->is_failing) return make_error(errc::io_error, "the disk is full");
      ++self->writes;
      if (self->files.count(name) > 0) self->files[name + ".bak"] = self->files[name];
      self->files[name] = text;
      return caf::unit;
    };
    result.set_aside = [self](const std::string& name) {
      auto node = self->files.extract(name);
      node.key() = name + ".unreadable";
      self->files.insert(std::move(node));
    };
    return result;
  }
};

} // namespace cafmq::test
