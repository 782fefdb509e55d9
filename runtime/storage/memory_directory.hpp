#pragma once

#include <caf/expected.hpp>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "actors/store/store_directory.hpp"

namespace cafmq {

/// A store in memory: for brokers without a directory, and under the faulty device of tests. Files
/// take memory as they are written; what they take counts as the use of the disk, so that retention
/// bounds it.
class memory_directory : public store_directory {
public:
  /// `bytes_max` is what counts as full; 0: half of this machine's memory.
  explicit memory_directory(std::int64_t bytes_max = 0);
  ~memory_directory() override;

  std::string description() const override { return "memory"; }
  caf::expected<store_file_ptr> create(const std::string& path, std::int64_t size,
                                       naming name = naming::now) override;
  caf::expected<store_file_ptr> open(const std::string& path) override;
  caf::expected<void> sync(const std::vector<std::string>&) override { return caf::unit; }
  caf::expected<void> remove(const std::string& path) override;
  caf::expected<std::vector<listed_file>> files(const std::string& folder) const override;
  caf::expected<std::vector<std::string>> folders(const std::string& folder) const override;
  caf::expected<std::optional<std::string>> read_small(const std::string& path) const override;
  caf::expected<void> write_small(const std::string& path, const std::string& text) override;
  caf::expected<void> lock() override { return caf::unit; }
  int used_percent() const override;

private:
  class memory_file;

  const std::int64_t bytes_max_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<memory_file>> files_;
};

} // namespace cafmq
