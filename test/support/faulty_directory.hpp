#pragma once

#include <caf/expected.hpp>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "actors/store/store_directory.hpp"

namespace cafmq::test {

/// A disk that fails on command: it forgets what was not synced, tears writes, fills up, refuses
/// writes and syncs (what a refused sync should have stored is not stored by the next one either),
/// flips bits. Deterministic; used by one thread.
class faulty_directory : public store_directory {
public:
  /// What goes wrong from now on.
  struct faults {
    std::int64_t bytes_left = -1; ///< the disk is full after so many more; the write that exceeds
                                  ///< it is torn there; -1: never
    std::string refused_below;    ///< writes to files whose path begins so fail; empty: none does
    bool syncs_fail = false;
    std::string syncs_fail_below; ///< the same for files whose path begins so; empty: for none
    bool maps_fail = false;
    std::string removals_fail_below; ///< of files whose path begins so; empty: none fails
    int used_percent = 0;
    std::function<void()> on_sync; ///< called in each sync, for a disk that takes its time
  };

  faults now;

  /// The power fails: every file is as its last successful sync left it, and so are those that were
  /// only created; those whose names were to be synced later are gone.
  void lose_unsynced();
  /// Everything from `at` of the file on is cut, as if it had never been written.
  void cut(const std::string& path, std::int64_t at);
  void flip_bit(const std::string& path, std::int64_t at, int bit);
  std::int64_t syncs() const { return syncs_; }

  std::string description() const override { return "a faulty disk"; }
  caf::expected<store_file_ptr> create(const std::string& path, std::int64_t size,
                                       naming name = naming::now) override;
  caf::expected<store_file_ptr> open(const std::string& path) override;
  caf::expected<void> sync(const std::vector<std::string>& paths) override;
  caf::expected<void> remove(const std::string& path) override;
  caf::expected<std::vector<listed_file>> files(const std::string& folder) const override;
  caf::expected<std::vector<std::string>> folders(const std::string& folder) const override;
  caf::expected<std::optional<std::string>> read_small(const std::string& path) const override;
  caf::expected<void> write_small(const std::string& path, const std::string& text) override;
  caf::expected<void> lock() override { return caf::unit; }
  int used_percent() const override { return now.used_percent; }

private:
  class disk_file;
  class handle;
  friend class disk_file;

  bool refuses(const std::string& path) const {
    return !now.refused_below.empty() && path.starts_with(now.refused_below);
  }
  bool refuses_sync(const std::string& path) const {
    return now.syncs_fail
           || (!now.syncs_fail_below.empty() && path.starts_with(now.syncs_fail_below));
  }

  std::map<std::string, std::shared_ptr<disk_file>> files_;
  std::set<std::string> unnamed_; // files whose names are not on the disk yet
  std::int64_t syncs_ = 0;
};

} // namespace cafmq::test
