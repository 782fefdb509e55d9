#pragma once

#include <caf/expected.hpp>
#include <string>

#include "actors/store/store_directory.hpp"

namespace cafmq {

/// A store on a disk. Files are written by system calls, so that a full or failing disk is an error
/// and not a signal, and read through a read-only mapping of the same page cache.
class file_directory : public store_directory {
public:
  /// `root` is made with the first file.
  explicit file_directory(std::string root) : root_(std::move(root)) {}
  ~file_directory() override;

  std::string description() const override { return root_; }
  caf::expected<store_file_ptr> create(const std::string& path, std::int64_t size,
                                       naming name = naming::now) override;
  caf::expected<store_file_ptr> open(const std::string& path) override;
  caf::expected<void> sync(const std::vector<std::string>& paths) override;
  caf::expected<void> remove(const std::string& path) override;
  caf::expected<std::vector<listed_file>> files(const std::string& folder) const override;
  caf::expected<std::vector<std::string>> folders(const std::string& folder) const override;
  caf::expected<std::optional<std::string>> read_small(const std::string& path) const override;
  caf::expected<void> write_small(const std::string& path, const std::string& text) override;
  caf::expected<void> lock() override;
  int used_percent() const override;

private:
  std::string full(const std::string& path) const { return root_ + "/" + path; }

  std::string root_;
  int lock_ = -1;
};

} // namespace cafmq
