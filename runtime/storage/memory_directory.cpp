#include "runtime/storage/memory_directory.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

#include "runtime/storage/path_listing.hpp"

namespace cafmq {

namespace {

caf::error missing(const std::string& path) {
  return make_error(errc::io_error, "opening " + path + " failed: there is no such file");
}

std::int64_t half_of_memory() {
  return static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE) / 2;
}

} // namespace

/// Anonymous pages: zeros that cost nothing until they are written.
class memory_directory::memory_file : public store_file {
public:
  explicit memory_file(std::int64_t size) : size_(size), bytes_(map(size)) {}
  ~memory_file() override {
    if (bytes_ != nullptr) ::munmap(bytes_, length());
  }

  std::int64_t size() const override { return size_; }
  caf::expected<void> write(std::int64_t at, std::span<const std::uint8_t> bytes) override {
    if (!bytes.empty()) std::memcpy(bytes_ + at, bytes.data(), bytes.size());
    const auto end = at + static_cast<std::int64_t>(bytes.size());
    if (end > used_.load(std::memory_order_relaxed)) used_.store(end, std::memory_order_relaxed);
    modified_.store(std::chrono::duration_cast<std::chrono::milliseconds>(
                      std::chrono::system_clock::now().time_since_epoch())
                      .count());
    return caf::unit;
  }
  caf::expected<void> read(std::int64_t at, std::span<std::uint8_t> out) const override {
    if (at + static_cast<std::int64_t>(out.size()) > size_)
      return make_error(errc::io_error, "reading behind the end of a file in memory");
    if (!out.empty()) std::memcpy(out.data(), bytes_ + at, out.size());
    return caf::unit;
  }
  caf::expected<void> map() override { return caf::unit; }
  std::span<const std::uint8_t> view() const override {
    return {bytes_, static_cast<std::size_t>(size_)};
  }
  caf::expected<void> sync() override { return caf::unit; }
  caf::expected<void> zero_from(std::int64_t at) override {
    // Whole pages are given back; only the first is cleared by hand.
    constexpr std::int64_t page = 4096;
    auto border = std::min((at + page - 1) / page * page, size_);
    std::memset(bytes_ + at, 0, static_cast<std::size_t>(border - at));
    if (border < size_)
      ::madvise(bytes_ + border, static_cast<std::size_t>(size_ - border), MADV_DONTNEED);
    return caf::unit;
  }
  wall_time_ms modified_at() const override { return modified_.load(); }
  /// Bytes from the start to the last that was written.
  std::int64_t used() const { return used_.load(std::memory_order_relaxed); }

private:
  static std::uint8_t* map(std::int64_t size) {
    if (size == 0) return nullptr;
    void* bytes = ::mmap(nullptr, static_cast<std::size_t>(size), PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED) throw std::bad_alloc{};
    return static_cast<std::uint8_t*>(bytes);
  }
  std::size_t length() const { return static_cast<std::size_t>(size_); }

  std::int64_t size_;
  std::uint8_t* bytes_;
  std::atomic<wall_time_ms> modified_{0};
  std::atomic<std::int64_t> used_{0};
};

memory_directory::memory_directory(std::int64_t bytes_max)
    : bytes_max_(bytes_max > 0 ? bytes_max : half_of_memory()) {}
memory_directory::~memory_directory() = default;

caf::expected<store_file_ptr> memory_directory::create(const std::string& path, std::int64_t size,
                                                       naming) {
  std::lock_guard lock{mutex_};
  auto& file = files_[path];
  if (!file || file->size() != size) file = std::make_shared<memory_file>(size);
  return store_file_ptr{file};
}

caf::expected<store_file_ptr> memory_directory::open(const std::string& path) {
  std::lock_guard lock{mutex_};
  auto i = files_.find(path);
  if (i == files_.end()) return missing(path);
  return store_file_ptr{i->second};
}

int memory_directory::used_percent() const {
  std::lock_guard lock{mutex_};
  std::int64_t used = 0;
  for (const auto& [path, file] : files_)
    used += file->used();
  return static_cast<int>((used * 100 + bytes_max_ - 1) / bytes_max_);
}

caf::expected<void> memory_directory::remove(const std::string& path) {
  std::lock_guard lock{mutex_};
  std::erase_if(files_, [&](const auto& entry) {
    return entry.first == path || entry.first.starts_with(path + "/");
  });
  return caf::unit;
}

caf::expected<std::vector<store_directory::listed_file>>
memory_directory::files(const std::string& folder) const {
  std::lock_guard lock{mutex_};
  return files_below(files_, folder);
}

caf::expected<std::vector<std::string>> memory_directory::folders(const std::string& folder) const {
  std::lock_guard lock{mutex_};
  return folders_below(files_, folder);
}

caf::expected<std::optional<std::string>>
memory_directory::read_small(const std::string& path) const {
  std::lock_guard lock{mutex_};
  auto i = files_.find(path);
  if (i == files_.end()) return std::optional<std::string>{};
  auto bytes = i->second->view();
  return std::optional{std::string{bytes.begin(), bytes.end()}};
}

caf::expected<void> memory_directory::write_small(const std::string& path,
                                                  const std::string& text) {
  if (auto removed = remove(path); !removed) return removed;
  auto file = create(path, static_cast<std::int64_t>(text.size()));
  if (!file) return file.error();
  return (*file)->write(0, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
}

} // namespace cafmq
