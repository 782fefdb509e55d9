#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "messages/codec/record.hpp"
#include "messages/ids.hpp"

namespace cafmq::inspection {

// A file of the key index (RocketMQ: IndexFile.java, IndexHeader.java). Big-endian.
//
//   header, 40 bytes: begin time 8, end time 8, begin position 8, end position 8, used slots 4,
//                     count 4
//   slots, 4 bytes each: the newest entry of the slot; 0: none
//   entries, 20 bytes each: key hash 4, log position 8, seconds after the begin time 4, the entry
//                     before it in its slot 4. Entry 0 is never used, so count starts at 1.

/// How many slots and entries a file has room for. Its size alone does not tell.
struct index_layout {
  std::int64_t slots = 0;
  std::int64_t entries = 0;
};

struct index_header {
  static constexpr std::int64_t bytes = 40;

  wall_time_ms begin_time = 0;
  wall_time_ms end_time = 0;
  log_position begin_position;
  log_position end_position;
  std::int32_t used_slots = 0;
  std::int32_t count = 0; ///< the number of the next entry; 0 in a new file, too
};

struct index_entry {
  static constexpr std::int64_t bytes = 20;

  std::int32_t hash = 0;
  log_position position;
  std::int32_t seconds = 0;
  std::int32_t before = 0;
};

/// Pre: `file` has at least the bytes of a header.
index_header read_index_header(std::span<const std::uint8_t> file);

/// The entry `number`. Pre: it is within the layout.
index_entry read_index_entry(std::span<const std::uint8_t> file, const index_layout& layout,
                             std::int32_t number);

/// The first entry, or slot, that contradicts the chains of a file; what is wrong, as a sentence
/// part.
std::optional<std::string> chain_fault(std::span<const std::uint8_t> file,
                                       const index_layout& layout);

/// The layout that makes sense of all of the file: RocketMQ's ratio of four entries a slot, or any
/// other that fits. nullopt when none does, or when it holds no entry to tell by.
std::optional<index_layout> find_index_layout(std::span<const std::uint8_t> file);

/// The hashes under which a record is in the index: of its unique key and of each of its keys. None
/// for a rollback record.
void index_hashes(const record_view& record, std::vector<std::int32_t>& hashes);

/// The hash under which RocketMQ from 5.4 on also finds the record by its tag; 0 without a tag.
std::int32_t tag_index_hash(const record_view& record);

} // namespace cafmq::inspection
