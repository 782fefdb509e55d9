#include "runtime/storage/file_directory.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace cafmq {

namespace {

namespace fs = std::filesystem;

caf::error failed(const char* what, const std::string& path, int reason) {
  return make_error(errc::io_error,
                    std::string{what} + " " + path + " failed: " + std::strerror(reason));
}

class disk_file : public store_file {
public:
  disk_file(int fd, std::string path, std::int64_t size)
      : fd_(fd), path_(std::move(path)), size_(size) {}
  ~disk_file() override {
    if (mapped_ != nullptr) ::munmap(mapped_, static_cast<std::size_t>(size_));
    if (fd_ >= 0) ::close(fd_);
  }

  int descriptor() const { return fd_; }

  std::int64_t size() const override { return size_; }

  caf::expected<void> write(std::int64_t at, std::span<const std::uint8_t> bytes) override {
    while (!bytes.empty()) {
      auto count = ::pwrite(fd_, bytes.data(), bytes.size(), at);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return failed("writing", path_, count < 0 ? errno : EIO);
      at += count;
      bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return caf::unit;
  }

  caf::expected<void> read(std::int64_t at, std::span<std::uint8_t> out) const override {
    while (!out.empty()) {
      auto count = ::pread(fd_, out.data(), out.size(), at);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return failed("reading", path_, count < 0 ? errno : EIO);
      at += count;
      out = out.subspan(static_cast<std::size_t>(count));
    }
    return caf::unit;
  }

  caf::expected<void> map() override {
    if (mapped_ != nullptr) return caf::unit;
    void* mapped = ::mmap(nullptr, static_cast<std::size_t>(size_), PROT_READ, MAP_SHARED, fd_, 0);
    if (mapped == MAP_FAILED) return failed("mapping", path_, errno);
    mapped_ = mapped;
    return caf::unit;
  }

  std::span<const std::uint8_t> view() const override {
    return {static_cast<const std::uint8_t*>(mapped_), static_cast<std::size_t>(size_)};
  }

  caf::expected<void> sync() override {
    if (::fdatasync(fd_) != 0) return failed("syncing", path_, errno);
    return caf::unit;
  }

  caf::expected<void> zero_from(std::int64_t at) override {
    // Shrinking drops the bytes, growing gives zeros in their place. Readers never look behind the
    // published end.
    if (::ftruncate(fd_, at) != 0 || ::ftruncate(fd_, size_) != 0)
      return failed("cutting", path_, errno);
    return caf::unit;
  }

  wall_time_ms modified_at() const override {
    struct stat status {};
    if (::fstat(fd_, &status) != 0) return 0;
    return status.st_mtim.tv_sec * 1000ll + status.st_mtim.tv_nsec / 1'000'000;
  }

private:
  int fd_;
  std::string path_;
  std::int64_t size_;
  void* mapped_ = nullptr;
};

caf::expected<void> sync_folder(const fs::path& folder) {
  int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed("opening", folder.string(), errno);
  int result = ::fsync(fd);
  int reason = errno;
  ::close(fd);
  if (result != 0) return failed("syncing", folder.string(), reason);
  return caf::unit;
}

/// Makes a folder and those above it that are missing, and makes each new name durable, now or
/// later: a folder whose own name a power cut takes away takes everything in it along.
caf::expected<void> make_folder(const fs::path& folder, naming name = naming::now) {
  std::error_code problem;
  if (fs::is_directory(folder, problem)) return caf::unit;
  const auto parent = folder.has_parent_path() ? folder.parent_path() : fs::path{"."};
  if (parent != folder)
    if (auto made = make_folder(parent, name); !made) return made;
  fs::create_directory(folder, problem);
  if (problem) return failed("making", folder.string(), problem.value());
  return name == naming::now ? sync_folder(parent) : caf::expected<void>{caf::unit};
}

/// Syncing more files than this one by one takes longer than syncing the whole file system.
constexpr std::size_t single_syncs_max = 64;

} // namespace

file_directory::~file_directory() {
  if (lock_ >= 0) ::close(lock_);
}

caf::expected<store_file_ptr> file_directory::create(const std::string& path, std::int64_t size,
                                                     naming name) {
  auto place = full(path);
  auto folder = fs::path{place}.parent_path();
  if (auto made = make_folder(folder, name); !made) return made.error();
  int fd = ::open(place.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return failed("creating", place, errno);
  auto file = std::make_shared<disk_file>(fd, place, size);
  if (::ftruncate(fd, size) != 0) return failed("sizing", place, errno);
  // The name must survive a power cut as well as the bytes will.
  if (name == naming::now)
    if (auto synced = sync_folder(folder); !synced) return synced.error();
  return store_file_ptr{std::move(file)};
}

caf::expected<store_file_ptr> file_directory::open(const std::string& path) {
  auto place = full(path);
  int fd = ::open(place.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return failed("opening", place, errno);
  struct stat status {};
  if (::fstat(fd, &status) != 0) {
    int reason = errno;
    ::close(fd);
    return failed("reading", place, reason);
  }
  return store_file_ptr{std::make_shared<disk_file>(fd, place, status.st_size)};
}

caf::expected<void> file_directory::sync(const std::vector<std::string>& paths) {
  if (paths.size() > single_syncs_max) {
    const disk_file root{::open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC), root_, 0};
    if (root.descriptor() < 0) return failed("opening", root_, errno);
    if (::syncfs(root.descriptor()) != 0) return failed("syncing the file system of", root_, errno);
    return caf::unit;
  }
  std::set<fs::path> folders;
  for (const auto& path : paths) {
    disk_file file{::open(full(path).c_str(), O_RDWR | O_CLOEXEC), full(path), 0};
    if (file.descriptor() < 0) {
      if (errno == ENOENT) continue;
      return failed("opening", full(path), errno);
    }
    if (auto synced = file.sync(); !synced) return synced;
    for (auto folder = fs::path{path}.parent_path(); !folder.empty(); folder = folder.parent_path())
      folders.insert(folder);
    folders.insert(fs::path{});
  }
  for (const auto& folder : folders) {
    const auto place = fs::path{root_} / folder;
    // One that went meanwhile needs no sync, as above.
    if (auto synced = sync_folder(place); !synced && fs::exists(place)) return synced;
  }
  return caf::unit;
}

caf::expected<void> file_directory::remove(const std::string& path) {
  std::error_code problem;
  fs::remove_all(full(path), problem);
  if (problem) return failed("removing", full(path), problem.value());
  return caf::unit;
}

caf::expected<std::vector<store_directory::listed_file>>
file_directory::files(const std::string& folder) const {
  std::vector<listed_file> result;
  std::error_code problem;
  fs::directory_iterator entries{full(folder), problem};
  if (problem == std::errc::no_such_file_or_directory) return result;
  if (problem) return failed("listing", full(folder), problem.value());
  for (const auto& entry : entries)
    if (entry.is_regular_file(problem))
      result.push_back(
        {entry.path().filename().string(), static_cast<std::int64_t>(entry.file_size(problem))});
  std::sort(result.begin(), result.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  return result;
}

caf::expected<std::vector<std::string>> file_directory::folders(const std::string& folder) const {
  std::vector<std::string> result;
  std::error_code problem;
  fs::directory_iterator entries{full(folder), problem};
  if (problem == std::errc::no_such_file_or_directory) return result;
  if (problem) return failed("listing", full(folder), problem.value());
  for (const auto& entry : entries)
    if (entry.is_directory(problem)) result.push_back(entry.path().filename().string());
  std::sort(result.begin(), result.end());
  return result;
}

caf::expected<std::optional<std::string>>
file_directory::read_small(const std::string& path) const {
  std::ifstream file{full(path), std::ios::binary};
  if (!file) {
    if (fs::exists(full(path))) return failed("reading", full(path), EACCES);
    return std::optional<std::string>{};
  }
  std::stringstream text;
  text << file.rdbuf();
  return std::optional{text.str()};
}

caf::expected<void> file_directory::write_small(const std::string& path, const std::string& text) {
  const auto place = full(path);
  const auto folder = fs::path{place}.parent_path();
  if (auto made = make_folder(folder); !made) return made;
  const auto fresh = place + ".tmp";
  int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return failed("creating", fresh, errno);
  disk_file file{fd, fresh, static_cast<std::int64_t>(text.size())};
  if (auto written =
        file.write(0, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
      !written)
    return written;
  if (auto synced = file.sync(); !synced) return synced;
  if (::rename(fresh.c_str(), place.c_str()) != 0) return failed("replacing", place, errno);
  return sync_folder(folder);
}

caf::expected<void> file_directory::lock() {
  if (lock_ >= 0) return caf::unit;
  if (auto made = make_folder(root_); !made) return made;
  auto place = full("lock");
  lock_ = ::open(place.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock_ < 0) return failed("opening", place, errno);
  // The first byte, as RocketMQ locks it; bound to the open file, so that two stores of one process
  // exclude each other, too.
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_len = 1;
  if (::fcntl(lock_, F_OFD_SETLK, &range) == 0) return caf::unit;
  ::close(lock_);
  lock_ = -1;
  return make_error(errc::store_locked,
                    "the store " + root_
                      + " is in use by another broker; stop it, or use another directory");
}

int file_directory::used_percent() const {
  struct statvfs status {};
  if (::statvfs(root_.c_str(), &status) != 0) return 0;
  auto used = static_cast<double>(status.f_blocks - status.f_bfree);
  auto available = static_cast<double>(status.f_bavail);
  if (used + available <= 0) return 0;
  auto percent = used * 100.0 / (used + available);
  return static_cast<int>(percent) + (percent > static_cast<int>(percent) ? 1 : 0);
}

} // namespace cafmq
