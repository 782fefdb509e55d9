#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/child_process.hpp"

namespace test {

/// The stores that Apache RocketMQ's brokers wrote (test/golden/README.md), by name of archive.
inline const std::vector<std::string> golden_stores{
  "rocketmq-4.9.7-clean-stop", "rocketmq-5.5.0-clean-stop", "rocketmq-5.5.0-killed"};

/// A copy of one of them in a directory of its own, to be opened and written to.
class golden_store {
public:
  explicit golden_store(const std::string& name);

  /// The store's root directory.
  std::string path() const { return directory_ / "store"; }
  std::string operator/(const std::string& name) const { return path() + "/" + name; }

private:
  temporary_directory directory_;
};

/// What Apache's client read from the store's broker while it ran, a line an object.
std::vector<nlohmann::json> golden_manifest(const std::string& name);

/// The content of a file; fails the test when it cannot be read.
std::string read_file(const std::string& path);

} // namespace test
