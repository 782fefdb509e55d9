#include "runtime/storage/index_file.hpp"

#include <algorithm>
#include <string>

#include "messages/codec/big_endian.hpp"
#include "messages/codec/java_hash.hpp"
#include "messages/codec/properties.hpp"
#include "messages/message.hpp"

namespace cafmq::inspection {

namespace {

constexpr std::int64_t slot_bytes = 4;
constexpr std::int64_t usual_entries_per_slot = 4; // RocketMQ: 5,000,000 slots, 20,000,000 entries

const std::uint8_t* slot_at(std::span<const std::uint8_t> file, std::int64_t slot) {
  return file.data() + index_header::bytes + slot_bytes * slot;
}

/// The layout with so many slots; nullopt when the rest is no whole number of entries.
std::optional<index_layout> layout_with(std::span<const std::uint8_t> file, std::int64_t slots) {
  auto rest = static_cast<std::int64_t>(file.size()) - index_header::bytes - slot_bytes * slots;
  if (slots <= 0 || rest <= 0 || rest % index_entry::bytes != 0) return std::nullopt;
  return index_layout{slots, rest / index_entry::bytes};
}

} // namespace

index_header read_index_header(std::span<const std::uint8_t> file) {
  const auto* at = file.data();
  return {load_big_endian<std::int64_t>(at),        load_big_endian<std::int64_t>(at + 8),
          {load_big_endian<std::int64_t>(at + 16)}, {load_big_endian<std::int64_t>(at + 24)},
          load_big_endian<std::int32_t>(at + 32),   load_big_endian<std::int32_t>(at + 36)};
}

index_entry read_index_entry(std::span<const std::uint8_t> file, const index_layout& layout,
                             std::int32_t number) {
  const auto* at = slot_at(file, layout.slots) + index_entry::bytes * number;
  return {load_big_endian<std::int32_t>(at),
          {load_big_endian<std::int64_t>(at + 4)},
          load_big_endian<std::int32_t>(at + 12),
          load_big_endian<std::int32_t>(at + 16)};
}

std::optional<std::string> chain_fault(std::span<const std::uint8_t> file,
                                       const index_layout& layout) {
  auto header = read_index_header(file);
  if (header.count < 1 || header.count > layout.entries)
    return "states " + std::to_string(header.count) + " as its next entry, with room for "
           + std::to_string(layout.entries);
  std::vector<std::int32_t> newest(static_cast<std::size_t>(layout.slots));
  std::int32_t used = 0;
  for (std::int32_t number = 1; number < header.count; ++number) {
    auto entry = read_index_entry(file, layout, number);
    auto& slot = newest[static_cast<std::size_t>(std::max(entry.hash, 0) % layout.slots)];
    if (entry.hash < 0 || entry.before != slot)
      return "has entry " + std::to_string(number) + " behind entry " + std::to_string(entry.before)
             + " of its slot, where " + std::to_string(slot) + " is the newest";
    if (slot == 0) ++used;
    slot = number;
  }
  for (std::int64_t slot = 0; slot < layout.slots; ++slot) {
    auto stored = load_big_endian<std::int32_t>(slot_at(file, slot));
    if (stored != newest[static_cast<std::size_t>(slot)])
      return "has entry " + std::to_string(stored) + " in slot " + std::to_string(slot) + ", where "
             + std::to_string(newest[static_cast<std::size_t>(slot)]) + " is the newest";
  }
  if (used != header.used_slots)
    return "states " + std::to_string(header.used_slots) + " used slots, where "
           + std::to_string(used) + " are used";
  return std::nullopt;
}

std::optional<index_layout> find_index_layout(std::span<const std::uint8_t> file) {
  auto size = static_cast<std::int64_t>(file.size());
  if (size <= index_header::bytes || read_index_header(file).count <= 1) return std::nullopt;
  auto tables = size - index_header::bytes;
  if (auto usual =
        layout_with(file, tables / (slot_bytes + usual_entries_per_slot * index_entry::bytes));
      usual && usual->entries == usual_entries_per_slot * usual->slots
      && !chain_fault(file, *usual))
    return usual;
  for (std::int64_t slots = 1; slots * slot_bytes < tables; ++slots) {
    auto layout = layout_with(file, slots);
    // The first entry begins its slot and is at the header's position: rules out nearly all.
    if (!layout || layout->entries < 2) continue;
    auto first = read_index_entry(file, *layout, 1);
    if (first.before != 0 || first.position != read_index_header(file).begin_position) continue;
    if (!chain_fault(file, *layout)) return layout;
  }
  return std::nullopt;
}

void index_hashes(const record_view& record, std::vector<std::int32_t>& hashes) {
  hashes.clear();
  if (record.transaction_type() == sys_flag::transaction_rollback) return;
  auto topic_hash = java_hash("#", java_hash(record.topic));
  auto add = [&](std::string_view key) {
    hashes.push_back(index_hash(java_hash(key, topic_hash)));
  };
  auto unique_key = find_property(record.properties, property::unique_key);
  if (!unique_key.empty()) add(unique_key);
  for_each_key(find_property(record.properties, property::keys), add);
}

std::int32_t tag_index_hash(const record_view& record) {
  auto tags = find_property(record.properties, property::tags);
  if (tags.empty()) return 0;
  return index_hash(java_hash(tags, java_hash("#T#", java_hash(record.topic))));
}

} // namespace cafmq::inspection
