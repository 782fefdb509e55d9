#pragma once

#include <caf/expected.hpp>
#include <optional>

#include "actors/client/process_queue.hpp"

namespace cafmq {

/// Cuts a pulled block into runs of at most `messages_max` records, reading only their sizes and
/// offsets. Error: store_corrupt when the block is no run of records with growing offsets from
/// `from` on.
caf::expected<std::vector<record_run>> cut_runs(const byte_block& records, queue_offset from,
                                                std::int32_t messages_max);

/// The part of a run from this offset on; nullopt when nothing of it is left.
std::optional<record_run> tail_of(const record_run& run, queue_offset from);

/// A copy of one record of a run, so that it can outlive its block; empty when the run has no such
/// record.
byte_block copy_record(const record_run& run, queue_offset offset);

} // namespace cafmq
