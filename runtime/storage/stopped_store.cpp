#include "runtime/storage/stopped_store.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "messages/codec/big_endian.hpp"
#include "messages/errors.hpp"

namespace cafmq::inspection {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t offset_name_digits = 20;
constexpr std::size_t index_name_digits = 17; // yyyyMMddHHmmssSSS

caf::error refused(const std::string& path) {
  return make_error(errc::io_error, path + " cannot be read: " + std::strerror(errno));
}

/// Closes a descriptor at the end of a block.
struct descriptor {
  int number = -1;
  ~descriptor() {
    if (number >= 0) ::close(number);
  }
};

bool is_digits(const std::string& text) {
  return !text.empty()
         && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// Entries of `directory`, sorted by name; none when it does not exist.
std::vector<fs::directory_entry> entries_of(const std::string& directory) {
  std::vector<fs::directory_entry> entries;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator{directory, problem})
    entries.push_back(entry);
  std::sort(entries.begin(), entries.end());
  return entries;
}

/// Whether a broker holds the lock file, in whichever of the two ways that Linux knows.
bool is_locked(const std::string& path) {
  descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.number < 0) return false;
  struct flock wanted {};
  wanted.l_type = F_WRLCK;
  wanted.l_whence = SEEK_SET;
  wanted.l_len = 1;
  return ::fcntl(file.number, F_OFD_GETLK, &wanted) == 0 && wanted.l_type != F_UNLCK;
}

} // namespace

caf::expected<mapped_file> mapped_file::open(const std::string& path) {
  descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  struct stat status {};
  if (file.number < 0 || ::fstat(file.number, &status) != 0) return refused(path);
  mapped_file mapped;
  mapped.path_ = path;
  mapped.size_ = static_cast<std::size_t>(status.st_size);
  if (mapped.size_ == 0) return mapped;
  auto* at = ::mmap(nullptr, mapped.size_, PROT_READ, MAP_SHARED, file.number, 0);
  if (at == MAP_FAILED) {
    mapped.size_ = 0;
    return refused(path);
  }
  mapped.bytes_ = static_cast<const std::uint8_t*>(at);
  return mapped;
}

mapped_file::mapped_file(mapped_file&& other) noexcept
    : path_(std::move(other.path_)), bytes_(std::exchange(other.bytes_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

mapped_file& mapped_file::operator=(mapped_file&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  return *this;
}

mapped_file::~mapped_file() {
  if (bytes_ != nullptr) ::munmap(const_cast<std::uint8_t*>(bytes_), size_);
}

const file_run::part* file_run::part_at(std::int64_t position) const {
  if (position < begin() || position >= end()) return nullptr;
  return &parts_[static_cast<std::size_t>((position - begin()) / file_bytes_)];
}

std::span<const std::uint8_t> file_run::from(std::int64_t position) const {
  const auto* found = part_at(position);
  if (found == nullptr) return {};
  return found->file.bytes().subspan(static_cast<std::size_t>(position - found->first));
}

bool file_run::is_unwritten(std::int64_t position) const {
  while (part_at(position) != nullptr) {
    auto rest = from(position);
    if (std::any_of(rest.begin(), rest.end(), [](std::uint8_t byte) { return byte != 0; }))
      return false;
    position += static_cast<std::int64_t>(rest.size());
  }
  return true;
}

std::string file_run::place(std::int64_t position) const {
  const auto* found = part_at(position);
  if (found == nullptr) return "position " + std::to_string(position) + ", where no file is";
  return "file " + found->file.path() + " at " + std::to_string(position - found->first);
}

caf::expected<stopped_store> stopped_store::open(const std::string& directory,
                                                 const on_fault& fault) {
  stopped_store store;
  store.directory_ = directory;
  if (!fs::is_directory(directory + "/commitlog"))
    return make_error(errc::store_corrupt,
                      directory + " is no store: there is no directory commitlog in it");
  if (is_locked(directory + "/lock"))
    return make_error(errc::store_locked, "a running broker holds the store in " + directory
                                            + ": stop it first, or look at a copy");
  store.ended_in_order_ = !fs::exists(directory + "/abort");
  store.log_ = open_run(directory + "/commitlog", fault);
  store.open_queues(fault);
  store.open_indexes(fault);
  if (auto read = read_deletions_json(store.content("config/deletedTopics.json")))
    store.deletions_ = std::move(*read);
  return store;
}

/// Maps the files of `directory` that can be told to belong together.
file_run stopped_store::open_run(const std::string& directory, const on_fault& fault) {
  file_run run;
  auto entries = entries_of(directory);
  for (const auto& entry : entries) {
    auto path = entry.path().string();
    auto name = entry.path().filename().string();
    if (entry.is_directory()) continue;
    std::int64_t first = 0;
    if (name.size() != offset_name_digits || !is_digits(name)
        || std::from_chars(name.data(), name.data() + name.size(), first).ec != std::errc{}) {
      fault("file " + path + " is not named after an offset in 20 digits");
      continue;
    }
    auto file = mapped_file::open(path);
    if (!file) {
      fault(sentence(file.error()));
      continue;
    }
    auto size = static_cast<std::int64_t>(file->bytes().size());
    if (size == 0 && &entry == &entries.back()) continue; // a start removes it
    if (run.empty()) run.file_bytes_ = size;
    if (size == 0 || size != run.file_bytes_ || first % run.file_bytes_ != 0) {
      fault("file " + path + " has " + std::to_string(size) + " bytes among files of "
            + std::to_string(run.file_bytes_));
      continue;
    }
    if (!run.empty() && first != run.end()) {
      fault("files are missing in " + directory + " between offset " + std::to_string(run.end())
            + " and " + name + "; what is before them is not looked at");
      run.parts_.clear();
    }
    run.parts_.push_back({first, std::move(*file)});
  }
  return run;
}

void stopped_store::open_queues(const on_fault& fault) {
  for (const auto& topic : entries_of(directory_ + "/consumequeue")) {
    if (!topic.is_directory()) continue;
    for (const auto& queue : entries_of(topic.path().string())) {
      auto name = queue.path().filename().string();
      std::int32_t id = 0;
      if (!queue.is_directory() || !is_digits(name)
          || std::from_chars(name.data(), name.data() + name.size(), id).ec != std::errc{})
        continue; // RocketMQ skips these, too
      auto run = open_run(queue.path().string(), fault);
      if (!run.empty() && run.file_bytes() % queue_unit::bytes != 0)
        fault("the files of " + queue.path().string() + " have " + std::to_string(run.file_bytes())
              + " bytes, which is no multiple of a unit's 20");
      else
        queues_.emplace(local_queue{{topic.path().filename().string()}, {id}}, std::move(run));
    }
  }
}

void stopped_store::open_indexes(const on_fault& fault) {
  for (const auto& entry : entries_of(directory_ + "/index")) {
    auto name = entry.path().filename().string();
    if (name.size() != index_name_digits || !is_digits(name)) continue; // RocketMQ skips these
    auto file = mapped_file::open(entry.path().string());
    if (file)
      indexes_.push_back(std::move(*file));
    else
      fault(sentence(file.error()));
  }
}

std::string stopped_store::content(const std::string& name) const {
  std::ifstream in{directory_ + "/" + name, std::ios::binary};
  std::ostringstream text;
  if (in) text << in.rdbuf();
  return text.str();
}

queue_unit unit_at(const file_run& queue, queue_offset offset) {
  queue_unit unit{{-1}, 0, 0};
  auto bytes = queue.from(offset.value * queue_unit::bytes);
  if (bytes.empty()) return unit;
  unit.position = {load_big_endian<std::int64_t>(bytes.data())};
  unit.size = load_big_endian<std::int32_t>(bytes.data() + 8);
  unit.tags_code = load_big_endian<std::int64_t>(bytes.data() + 12);
  return unit;
}

unit_range written_units(const file_run& queue) {
  queue_offset first{queue.begin() / queue_unit::bytes};
  while (unit_at(queue, first).filler())
    first = first + 1;
  auto end = first;
  while (unit_at(queue, end).written())
    end = end + 1;
  return {first, end};
}

} // namespace cafmq::inspection
