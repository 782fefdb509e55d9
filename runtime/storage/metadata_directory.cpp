#include "runtime/storage/metadata_directory.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <map>
#include <memory>
#include <sys/stat.h>
#include <unistd.h>

#include "messages/errors.hpp"

namespace cafmq {

namespace {

class descriptor {
public:
  explicit descriptor(int fd) : fd_(fd) {}
  descriptor(const descriptor&) = delete;
  ~descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  operator int() const { return fd_; }

private:
  int fd_;
};

caf::error refused(const std::string& path, const char* what) {
  return make_error(errc::io_error, path + " cannot be " + what + ": " + std::strerror(errno));
}

caf::expected<std::optional<std::string>> read_whole(const std::string& path) {
  const descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file < 0 && errno == ENOENT) return std::optional<std::string>{};
  if (file < 0) return refused(path, "opened");
  std::string text;
  char buffer[64 * 1024];
  while (true) {
    const auto got = ::read(file, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return refused(path, "read");
    if (got == 0) return std::optional<std::string>{std::move(text)};
    text.append(buffer, static_cast<std::size_t>(got));
  }
}

/// Creates or overwrites; on disk when it returns.
caf::expected<void> write_synced(const std::string& path, std::string_view text) {
  const descriptor file{::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
  if (file < 0) return refused(path, "created");
  while (!text.empty()) {
    const auto written = ::write(file, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return refused(path, "written");
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(file) != 0) return refused(path, "synced");
  return caf::unit;
}

/// Makes renames in a directory durable.
caf::expected<void> sync_directory(const std::string& path) {
  const descriptor directory{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (directory < 0 || ::fsync(directory) != 0) return refused(path, "synced");
  return caf::unit;
}

} // namespace

metadata_files files_in_directory(const std::string& directory) {
  metadata_files files;
  files.read = [directory](const std::string& name) { return read_whole(directory + "/" + name); };
  files.replace = [directory](const std::string& name,
                              const std::string& text) -> caf::expected<void> {
    std::error_code problem;
    std::filesystem::create_directories(directory, problem);
    if (problem)
      return make_error(errc::io_error, directory + " cannot be created: " + problem.message());
    const std::string path = directory + "/" + name;
    if (auto written = write_synced(path + ".tmp", text); !written) return written;
    // Between the renames only the former text is there, as .bak.
    if (::rename(path.c_str(), (path + ".bak").c_str()) != 0 && errno != ENOENT)
      return refused(path, "renamed");
    if (::rename((path + ".tmp").c_str(), path.c_str()) != 0) return refused(path, "replaced");
    return sync_directory(directory);
  };
  files.set_aside = [directory](const std::string& name) {
    const std::string path = directory + "/" + name;
    static_cast<void>(::rename(path.c_str(), (path + ".unreadable").c_str()));
  };
  return files;
}

metadata_files files_in_memory() {
  auto content = std::make_shared<std::map<std::string, std::string>>();
  metadata_files files;
  files.read = [content](const std::string& name) -> caf::expected<std::optional<std::string>> {
    const auto i = content->find(name);
    return i == content->end() ? std::optional<std::string>{} : std::optional{i->second};
  };
  files.replace = [content](const std::string& name,
                            const std::string& text) -> caf::expected<void> {
    if (auto i = content->find(name); i != content->end()) (*content)[name + ".bak"] = i->second;
    (*content)[name] = text;
    return caf::unit;
  };
  files.set_aside = [content](const std::string& name) { content->erase(name); };
  return files;
}

} // namespace cafmq
