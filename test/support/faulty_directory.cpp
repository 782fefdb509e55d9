#include "support/faulty_directory.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "runtime/storage/path_listing.hpp"

namespace cafmq::test {

/// What the system's page cache and the disk hold of a file.
class faulty_directory::disk_file {
public:
  disk_file(faulty_directory& disk, std::string path, std::int64_t size)
      : disk_(disk), path_(std::move(path)), bytes_(static_cast<std::size_t>(size)),
        synced_(bytes_) {}

  std::int64_t size() const { return static_cast<std::int64_t>(bytes_.size()); }
  caf::expected<void> map() const {
    if (disk_.now.maps_fail)
      return make_error(errc::io_error, "mapping " + path_ + " failed: Cannot allocate memory");
    return caf::unit;
  }
  std::span<const std::uint8_t> view() const { return bytes_; }
  /// How many syncs have failed so far.
  int failures() const { return failures_; }

  caf::expected<void> write(std::int64_t at, std::span<const std::uint8_t> bytes) {
    if (disk_.refuses(path_)) return make_error(errc::io_error, "writing failed: I/O error");
    auto count = static_cast<std::int64_t>(bytes.size());
    auto& left = disk_.now.bytes_left;
    auto written = left < 0 ? count : std::min(left, count);
    std::copy(bytes.begin(), bytes.begin() + written, bytes_.begin() + at);
    dirty_.push_back({at, at + written});
    if (left >= 0) left -= written;
    if (written < count)
      return make_error(errc::io_error, "writing failed: No space left on device");
    return caf::unit;
  }
  void zero_from(std::int64_t at) {
    std::fill(bytes_.begin() + at, bytes_.end(), std::uint8_t{0});
    dirty_.push_back({at, size()});
  }
  /// As Linux does it: what could not be stored counts as clean from then on, and no later sync
  /// tries it again.
  void sync() {
    ++disk_.syncs_;
    if (disk_.now.on_sync) disk_.now.on_sync();
    if (disk_.refuses_sync(path_))
      ++failures_;
    else
      store_dirty();
    dirty_.clear();
  }

  void lose_unsynced() {
    bytes_ = synced_;
    dirty_.clear();
  }
  std::vector<std::uint8_t>& bytes() { return bytes_; }
  void settle() {
    synced_ = bytes_;
    dirty_.clear();
  }

private:
  struct range {
    std::int64_t begin;
    std::int64_t end;
  };

  void store_dirty() {
    for (const auto& written : dirty_)
      std::copy(bytes_.begin() + written.begin, bytes_.begin() + written.end,
                synced_.begin() + written.begin);
  }

  faulty_directory& disk_;
  std::string path_;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint8_t> synced_;
  std::vector<range> dirty_;
  int failures_ = 0;
};

/// A file as somebody opened it. Each is told of a failed sync, whoever asked for it, once.
class faulty_directory::handle : public store_file {
public:
  explicit handle(std::shared_ptr<disk_file> file)
      : file_(std::move(file)), failures_told_(file_->failures()) {}

  std::int64_t size() const override { return file_->size(); }
  caf::expected<void> write(std::int64_t at, std::span<const std::uint8_t> bytes) override {
    return file_->write(at, bytes);
  }
  caf::expected<void> read(std::int64_t at, std::span<std::uint8_t> out) const override {
    if (at + static_cast<std::int64_t>(out.size()) > size())
      return make_error(errc::io_error, "reading behind the end");
    std::copy_n(view().begin() + at, out.size(), out.begin());
    return caf::unit;
  }
  caf::expected<void> map() override { return file_->map(); }
  std::span<const std::uint8_t> view() const override { return file_->view(); }
  caf::expected<void> sync() override {
    file_->sync();
    if (std::exchange(failures_told_, file_->failures()) != file_->failures())
      return make_error(errc::io_error, "syncing failed: Input/output error");
    return caf::unit;
  }
  caf::expected<void> zero_from(std::int64_t at) override {
    file_->zero_from(at);
    return caf::unit;
  }
  wall_time_ms modified_at() const override { return 0; }

private:
  std::shared_ptr<disk_file> file_;
  int failures_told_;
};

void faulty_directory::lose_unsynced() {
  for (const auto& path : std::exchange(unnamed_, {}))
    files_.erase(path);
  for (auto& [path, file] : files_)
    file->lose_unsynced();
}

void faulty_directory::cut(const std::string& path, std::int64_t at) {
  auto& bytes = files_.at(path)->bytes();
  std::fill(bytes.begin() + at, bytes.end(), std::uint8_t{0});
  files_.at(path)->settle();
}

void faulty_directory::flip_bit(const std::string& path, std::int64_t at, int bit) {
  files_.at(path)->bytes()[static_cast<std::size_t>(at)] ^= static_cast<std::uint8_t>(1 << bit);
  files_.at(path)->settle();
}

caf::expected<store_file_ptr> faulty_directory::create(const std::string& path, std::int64_t size,
                                                       naming name) {
  if (refuses(path)) return make_error(errc::io_error, "creating " + path + " failed: I/O error");
  auto& found = files_[path];
  if (!found && name == naming::by_next_sync) unnamed_.insert(path);
  if (!found || found->size() != size) found = std::make_shared<disk_file>(*this, path, size);
  return store_file_ptr{std::make_shared<handle>(found)};
}

caf::expected<store_file_ptr> faulty_directory::open(const std::string& path) {
  auto found = files_.find(path);
  if (found == files_.end())
    return make_error(errc::io_error, "opening " + path + " failed: No such file");
  return store_file_ptr{std::make_shared<handle>(found->second)};
}

caf::expected<void> faulty_directory::sync(const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    auto found = files_.find(path);
    if (found == files_.end()) continue;
    if (auto synced = handle{found->second}.sync(); !synced) return synced;
    unnamed_.erase(path);
  }
  return caf::unit;
}

caf::expected<void> faulty_directory::remove(const std::string& path) {
  if (!now.removals_fail_below.empty() && path.starts_with(now.removals_fail_below))
    return make_error(errc::io_error, "removing " + path + " failed: Input/output error");
  std::erase_if(files_, [&](const auto& entry) {
    return entry.first == path || entry.first.starts_with(path + "/");
  });
  return caf::unit;
}

caf::expected<std::vector<store_directory::listed_file>>
faulty_directory::files(const std::string& folder) const {
  return files_below(files_, folder);
}

caf::expected<std::vector<std::string>> faulty_directory::folders(const std::string& folder) const {
  return folders_below(files_, folder);
}

caf::expected<std::optional<std::string>>
faulty_directory::read_small(const std::string& path) const {
  auto found = files_.find(path);
  if (found == files_.end()) return std::optional<std::string>{};
  auto bytes = found->second->view();
  return std::optional{std::string{bytes.begin(), bytes.end()}};
}

caf::expected<void> faulty_directory::write_small(const std::string& path,
                                                  const std::string& text) {
  if (refuses(path)) return make_error(errc::io_error, "writing " + path + " failed: I/O error");
  auto made = std::make_shared<disk_file>(*this, path, static_cast<std::int64_t>(text.size()));
  std::copy(text.begin(), text.end(), made->bytes().begin());
  made->settle();
  files_[path] = std::move(made);
  return caf::unit;
}

} // namespace cafmq::test
