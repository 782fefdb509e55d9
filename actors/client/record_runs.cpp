#include "actors/client/record_runs.hpp"

#include <cassert>

#include "messages/codec/big_endian.hpp"
#include "messages/codec/record.hpp"

namespace cafmq {

namespace {

constexpr std::size_t at_queue_offset = 20; // see messages/codec/record.hpp

struct record_place {
  std::uint32_t begin = 0;
  std::uint32_t size = 0;
  queue_offset offset;
};

/// The record that begins at `begin`; nullopt when its stated size cannot be true.
std::optional<record_place> place_at(const byte_block& records, std::uint32_t begin,
                                     std::uint32_t end) {
  auto bytes = records.span().subspan(begin, end - begin);
  auto size = record_size(bytes);
  if (size < static_cast<std::int32_t>(record_fixed_bytes_v1)
      || static_cast<std::size_t>(size) > bytes.size())
    return std::nullopt;
  return record_place{begin,
                      static_cast<std::uint32_t>(size),
                      {load_big_endian<std::int64_t>(bytes.data() + at_queue_offset)}};
}

/// Calls `visit(place)` for the records of a run that `cut_runs` made, until it returns false.
template <class Visit>
void for_each_place(const record_run& run, Visit&& visit) {
  for (auto at = run.begin; at < run.end;) {
    auto place = place_at(run.records, at, run.end);
    assert(place);
    if (!visit(*place)) return;
    at += place->size;
  }
}

} // namespace

caf::expected<std::vector<record_run>> cut_runs(const byte_block& records, queue_offset from,
                                                std::int32_t messages_max) {
  assert(messages_max > 0);
  std::vector<record_run> runs;
  auto end = static_cast<std::uint32_t>(records.size());
  for (std::uint32_t at = 0; at < end;) {
    auto place = place_at(records, at, end);
    if (!place || place->offset < from)
      return make_error(errc::store_corrupt, "byte " + std::to_string(at)
                                               + " of a pulled block begins no record at or after "
                                                 "queue offset "
                                               + std::to_string(from.value));
    if (runs.empty() || runs.back().count == messages_max)
      runs.push_back({place->offset, place->offset, 0, records, at, at});
    auto& run = runs.back();
    at += place->size;
    run.last = place->offset;
    run.end = at;
    ++run.count;
    from = place->offset + 1;
  }
  return runs;
}

std::optional<record_run> tail_of(const record_run& run, queue_offset from) {
  auto tail = run;
  for_each_place(run, [&](const record_place& place) {
    if (place.offset >= from) {
      tail.first = place.offset;
      return false;
    }
    tail.begin = place.begin + place.size;
    --tail.count;
    return true;
  });
  if (tail.count == 0) return std::nullopt;
  return tail;
}

byte_block copy_record(const record_run& run, queue_offset offset) {
  byte_block copy;
  for_each_place(run, [&](const record_place& place) {
    if (place.offset != offset) return true;
    auto bytes = run.records.span().subspan(place.begin, place.size);
    copy = byte_block{{bytes.begin(), bytes.end()}};
    return false;
  });
  return copy;
}

} // namespace cafmq
