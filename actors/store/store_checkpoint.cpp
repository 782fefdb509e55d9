#include "actors/store/store_checkpoint.hpp"

#include <array>

#include "messages/codec/big_endian.hpp"

namespace cafmq {

namespace {
constexpr const char* checkpoint_path = "checkpoint";
constexpr std::int64_t checkpoint_bytes = 4096;
} // namespace

caf::expected<store_checkpoint> load_checkpoint(store_directory& directory) {
  auto text = directory.read_small(checkpoint_path);
  if (!text) return text.error();
  store_checkpoint result;
  if (!*text || (*text)->size() < 24) return result;
  const auto* bytes = reinterpret_cast<const std::uint8_t*>((*text)->data());
  result.log_time = load_big_endian<std::int64_t>(bytes);
  result.queue_time = load_big_endian<std::int64_t>(bytes + 8);
  result.index_time = load_big_endian<std::int64_t>(bytes + 16);
  return result;
}

caf::expected<store_file_ptr> write_checkpoint(store_directory& directory, store_file_ptr file,
                                               const store_checkpoint& checkpoint) {
  if (!file) {
    auto created = directory.create(checkpoint_path, checkpoint_bytes);
    if (!created) return created.error();
    file = *created;
  }
  std::array<std::uint8_t, 24> bytes{};
  store_big_endian(bytes.data(), checkpoint.log_time);
  store_big_endian(bytes.data() + 8, checkpoint.queue_time);
  store_big_endian(bytes.data() + 16, checkpoint.index_time);
  if (auto written = file->write(0, bytes); !written) return written.error();
  return file;
}

} // namespace cafmq
