#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "actors/store/store_directory.hpp"

namespace cafmq {

/// A store in memory: for brokers without a directory, and under the faulty device of tests. Files
/// take memory as they are written.
class memory_directory : public store_directory {
public:
  memory_directory();
  ~memory_directory() override;

  std::string description() const override { return "memory"; }
  caf::expected<store_file_ptr> create(const std::string& path, std::int64_t size) override;
  caf::expected<store_file_ptr> open(const std::string& path) override;
  caf::expected<void> remove(const std::string& path) override;
  caf::expected<std::vector<listed_file>> files(const std::string& folder) const override;
  caf::expected<std::vector<std::string>> folders(const std::string& folder) const override;
  caf::expected<std::optional<std::string>> read_small(const std::string& path) const override;
  caf::expected<void> write_small(const std::string& path, const std::string& text) override;
  caf::expected<void> lock() override { return caf::unit; }
  int used_percent() const override { return 0; }

private:
  mutable std::mutex mutex_;
  std::map<std::string, store_file_ptr> files_;
};

} // namespace cafmq
