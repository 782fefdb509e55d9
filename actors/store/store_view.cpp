#include "actors/store/store_view.hpp"

#include <algorithm>

#include "actors/store/store_contents.hpp"
#include "messages/codec/java_hash.hpp"

namespace cafmq {

namespace {

/// Records nearer to the end than this are taken to be in memory still.
constexpr std::int64_t hot_bytes = 256ll * 1024 * 1024;

/// Collects records of one queue into a block; neighbours in the log are copied as one run.
class record_collector {
public:
  explicit record_collector(const segmented_log& log) : log_(log) {}

  /// False when the record is no longer in the log.
  bool add(const queue_unit& unit) {
    if (run_.size() > 0 && unit.position == run_end_
        && run_.size() + static_cast<std::size_t>(unit.size) <= reading_.bytes.size()) {
      run_ = reading_.bytes.first(run_.size() + static_cast<std::size_t>(unit.size));
    } else {
      finish_run();
      reading_ = log_.read(unit.position);
      if (reading_.bytes.size() < static_cast<std::size_t>(unit.size)) return false;
      run_ = reading_.bytes.first(static_cast<std::size_t>(unit.size));
    }
    run_end_ = unit.position + unit.size;
    ++count_;
    return true;
  }
  void reserve(std::size_t bytes) { bytes_.reserve(bytes); }
  std::int32_t count() const { return count_; }
  byte_block take() {
    finish_run();
    return byte_block{std::move(bytes_)};
  }

private:
  void finish_run() {
    bytes_.insert(bytes_.end(), run_.begin(), run_.end());
    run_ = {};
  }

  const segmented_log& log_;
  byte_block::bytes bytes_;
  segmented_log::reading reading_;
  std::span<const std::uint8_t> run_;
  log_position run_end_;
  std::int32_t count_ = 0;
};

} // namespace

wall_time_ms store_view::store_time(log_position position) const {
  auto checked = check_record(contents_->log.read(position).bytes);
  return checked.kind == record_kind::valid ? checked.record.store_timestamp : 0;
}

queue_bounds store_view::bounds(const local_queue& queue) const {
  queue_bounds result;
  auto found = contents_->queues.find(queue.topic.value, queue.id);
  if (!found) return result;
  result.min = found->units.min();
  result.max = found->units.max();
  if (result.min == result.max) return result;
  if (auto first = found->units.read(result.min, 1); first && !first->empty())
    result.min_timestamp = store_time(first->front().position);
  if (auto last = found->units.last()) result.max_timestamp = store_time(last->position);
  return result;
}

queue_offset store_view::max(const local_queue& queue) const {
  auto found = contents_->queues.find(queue.topic.value, queue.id);
  return found ? found->units.max() : queue_offset{};
}

bool store_view::is_cold(const pull_messages& request) const {
  auto found = contents_->queues.find(request.topic.value, request.queue);
  if (!found) return false;
  // Anything in a log shorter than the hot part is hot.
  if (contents_->log_end.load(std::memory_order_relaxed) - contents_->log.read_begin().value
      <= hot_bytes)
    return false;
  auto units = found->units.read(request.from, 1);
  return units && !units->empty()
         && units->front().position.value
              < contents_->log_end.load(std::memory_order_relaxed) - hot_bytes;
}

std::optional<pulled_messages> store_view::read_resident(const pull_messages& request) const {
  if (is_cold(request)) return std::nullopt;
  auto answer = read(request);
  return answer ? std::optional{std::move(*answer)} : std::nullopt;
}

caf::expected<pulled_messages> store_view::read(const pull_messages& request) const {
  pulled_messages reply;
  auto found = contents_->queues.find(request.topic.value, request.queue);
  if (found) {
    reply.min = found->units.min();
    reply.max = found->units.max();
  }
  reply.next = request.from;
  if (request.from < reply.min || request.from > reply.max) {
    reply.status = pull_status::offset_illegal;
    reply.next = request.from < reply.min ? reply.min : reply.max;
    return reply;
  }
  if (request.from == reply.max) return reply;
  auto examined_max = std::max<std::int64_t>(
    contents_->config.max_filter_message_size / queue_unit_bytes, request.count_max);
  auto units = found->units.read(request.from, static_cast<std::size_t>(examined_max));
  if (!units) return units.error();
  record_collector records{contents_->log};
  std::int64_t bytes = 0;
  for (const auto& unit : *units)
    if (unit.size != pre_blank_size && (bytes += unit.size) > request.bytes_max) break;
  records.reserve(static_cast<std::size_t>(std::min<std::int64_t>(bytes, request.bytes_max)));
  bytes = 0;
  for (const auto& unit : *units) {
    bool wanted = unit.size != pre_blank_size && request.filter.accepts(unit.tags_code);
    bool full = records.count() > 0
                && (records.count() >= request.count_max || bytes + unit.size > request.bytes_max);
    if (wanted && full) break;
    if (wanted && records.add(unit)) bytes += unit.size;
    reply.next = reply.next + 1;
  }
  reply.count = records.count();
  reply.status = reply.count > 0 ? pull_status::found : pull_status::no_matched_message;
  reply.records = records.take();
  return reply;
}

queue_offset store_view::search(const local_queue& queue, wall_time_ms time,
                                time_boundary boundary) const {
  auto found = contents_->queues.find(queue.topic.value, queue.id);
  if (!found) return {};
  auto low = found->units.min(), high = found->units.max(), min = low, max = high;
  if (min == max) return max;
  // The first offset whose store time is at or after `time` (upper: after it).
  while (low < high) {
    auto middle = low + (high - low) / 2;
    auto units = found->units.read(middle, 1);
    auto stored = units && !units->empty() ? store_time(units->front().position) : 0;
    if (boundary == time_boundary::lower ? stored < time : stored <= time)
      low = middle + 1;
    else
      high = middle;
  }
  if (boundary == time_boundary::lower) return low;
  return low == min ? min : low + -1;
}

caf::expected<found_messages> store_view::view_message(log_position position) const {
  auto missing = make_error(errc::message_not_found,
                            "no message begins at log position " + std::to_string(position.value));
  if (position.value < 0 || position.value >= contents_->log_end.load(std::memory_order_acquire))
    return missing;
  auto reading = contents_->log.read(position);
  auto checked = check_record(reading.bytes);
  if (checked.kind != record_kind::valid || checked.record.position != position) return missing;
  auto bytes = reading.bytes.first(static_cast<std::size_t>(checked.size));
  return found_messages{1, byte_block{{bytes.begin(), bytes.end()}}};
}

caf::expected<found_messages> store_view::query(const query_messages& query) const {
  auto hash = index_hash(java_hash(query.key, java_hash("#", java_hash(query.topic.value))));
  auto count_max = std::clamp(query.count_max, 1, contents_->config.max_msgs_num_batch);
  auto positions =
    contents_->index.find(hash, query.begin, query.end, static_cast<std::size_t>(count_max));
  if (!positions) return positions.error();
  found_messages result;
  byte_block::bytes bytes;
  for (auto position : *positions) {
    auto one = view_message(position);
    if (!one) continue; // its segment has gone
    ++result.count;
    auto record = one->records.span();
    bytes.insert(bytes.end(), record.begin(), record.end());
  }
  result.records = byte_block{std::move(bytes)};
  return result;
}

std::vector<local_queue> store_view::queues() const {
  std::vector<local_queue> result;
  for (const auto& queue : contents_->queues.all())
    result.push_back(queue->name);
  return result;
}

} // namespace cafmq
