#include "actors/store/consume_queue.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "messages/codec/big_endian.hpp"

namespace cafmq {

namespace {

void encode(std::uint8_t* to, const queue_unit& unit) {
  store_big_endian(to, unit.position.value);
  store_big_endian(to + 8, unit.size);
  store_big_endian(to + 12, unit.tags_code);
}

queue_unit decode(const std::uint8_t* from) {
  return {{load_big_endian<std::int64_t>(from)},
          load_big_endian<std::int32_t>(from + 8),
          load_big_endian<std::int64_t>(from + 12)};
}

/// Written units that stay in memory while their queue is busy.
constexpr std::int64_t recent_units = 4096;

bool is_valid(const queue_unit& unit) { return unit.position.value >= 0 && unit.size > 0; }

} // namespace

consume_queue::consume_queue(store_directory& directory, std::string folder,
                             std::int64_t file_bytes)
    : directory_(directory), folder_(std::move(folder)), file_bytes_(file_bytes) {}

std::string consume_queue::path_of_file(std::int64_t unit) const {
  return folder_ + "/" + segment_name(unit / units_per_file() * file_bytes_);
}

caf::expected<void> consume_queue::load() {
  auto listed = directory_.files(folder_);
  if (!listed) return listed.error();
  std::vector<std::int64_t> starts;
  for (const auto& file : *listed) {
    auto start = segment_offset(file.name);
    if (!start) continue;
    if (file.size != file_bytes_) {
      if (file.size == 0 && &file == &listed->back()) continue; // will be made again
      return make_error(errc::store_corrupt, directory_.description() + "/" + folder_ + "/"
                                               + file.name + " has " + std::to_string(file.size)
                                               + " bytes, mappedFileSizeConsumeQueue says "
                                               + std::to_string(file_bytes_));
    }
    starts.push_back(*start / queue_unit_bytes);
  }
  if (starts.empty()) return caf::unit;
  first_ = starts.back();
  for (auto start = starts.rbegin() + 1; start != starts.rend() && !misses_files_; ++start) {
    misses_files_ = *start + units_per_file() != first_;
    if (!misses_files_) first_ = *start;
  }
  return find_bounds(starts);
}

/// Finds the last valid unit and the first that is no pre-blank. Valid units are a prefix of the
/// last file that has any, pre-blank ones of the first.
caf::expected<void> consume_queue::find_bounds(const std::vector<std::int64_t>& starts) {
  for (auto start = starts.rbegin(); start != starts.rend() && *start >= first_; ++start) {
    auto file = directory_.open(path_of_file(*start));
    if (!file) return file.error();
    auto count = first_unit(**file, [](const queue_unit& unit) { return !is_valid(unit); });
    if (!count) return count.error();
    written_ = tail_begin_ = *start + *count;
    if (*count == 0) continue;
    auto last = unit_in(**file, *count - 1);
    if (!last) return last.error();
    if (last->size != pre_blank_size) end_position_ = last->position + last->size;
    break;
  }
  min_ = written_;
  if (first_ == written_) return caf::unit;
  auto file = directory_.open(path_of_file(first_));
  if (!file) return file.error();
  auto blanks =
    first_unit(**file, [](const queue_unit& unit) { return unit.size != pre_blank_size; });
  if (!blanks) return blanks.error();
  min_ = std::min(first_ + *blanks, written_);
  if (min_ == written_) return caf::unit;
  auto holder = directory_.open(path_of_file(min_)); // the file behind one of nothing but blanks
  if (!holder) return holder.error();
  auto unit = unit_in(**holder, min_ % units_per_file());
  if (!unit) return unit.error();
  min_position_ = unit->position;
  return caf::unit;
}

/// The index of the first unit in a file that `is_wanted`; the file's number of units when there is
/// none. Pre: behind one that is wanted are only such.
template <class IsWanted>
caf::expected<std::int64_t> consume_queue::first_unit(const store_file& file,
                                                      IsWanted is_wanted) const {
  std::int64_t low = 0, high = units_per_file();
  while (low < high) {
    auto middle = low + (high - low) / 2;
    auto unit = unit_in(file, middle);
    if (!unit) return unit.error();
    if (is_wanted(*unit))
      high = middle;
    else
      low = middle + 1;
  }
  return low;
}

caf::expected<queue_unit> consume_queue::unit_in(const store_file& file, std::int64_t index) {
  std::array<std::uint8_t, queue_unit_bytes> bytes;
  if (auto done = file.read(index * queue_unit_bytes, bytes); !done) return done.error();
  return decode(bytes.data());
}

queue_offset consume_queue::min() const {
  std::lock_guard lock{mutex_};
  return {min_};
}

queue_offset consume_queue::max() const {
  std::lock_guard lock{mutex_};
  return {end()};
}

log_position consume_queue::end_position() const {
  std::lock_guard lock{mutex_};
  return end_position_;
}

std::optional<queue_unit> consume_queue::last() const {
  auto end = max();
  if (end <= min()) return std::nullopt;
  auto units = read(end + -1, 1);
  return units && !units->empty() ? std::optional{units->front()} : std::nullopt;
}

caf::expected<std::vector<queue_unit>> consume_queue::read(queue_offset from,
                                                           std::size_t count) const {
  std::vector<queue_unit> units;
  std::int64_t in_files = 0;
  {
    std::lock_guard lock{mutex_};
    auto to = std::min(from.value + static_cast<std::int64_t>(count), end());
    if (from.value < first_ || from.value >= to) return units;
    in_files = std::min(to, tail_begin_);
    if (to > tail_begin_) {
      auto begin = std::max(from.value, tail_begin_) - tail_begin_;
      units.assign(tail_.begin() + begin, tail_.begin() + (to - tail_begin_));
    }
  }
  if (from.value >= in_files) return units;
  auto stored = read_files(from.value, in_files);
  if (!stored) return stored.error();
  stored->insert(stored->end(), units.begin(), units.end());
  return stored;
}

/// Pre: the units are in the files.
caf::expected<std::vector<queue_unit>> consume_queue::read_files(std::int64_t from,
                                                                 std::int64_t to) const {
  std::vector<queue_unit> units;
  units.reserve(static_cast<std::size_t>(to - from));
  std::vector<std::uint8_t> bytes;
  while (from < to) {
    auto file_first = from / units_per_file() * units_per_file();
    auto end = std::min(to, file_first + units_per_file());
    auto file = directory_.open(path_of_file(from));
    if (!file) return file.error();
    bytes.resize(static_cast<std::size_t>((end - from) * queue_unit_bytes));
    if (auto done = (*file)->read((from - file_first) * queue_unit_bytes, bytes); !done)
      return done.error();
    for (std::size_t at = 0; at < bytes.size(); at += queue_unit_bytes)
      units.push_back(decode(bytes.data() + at));
    from = end;
  }
  return units;
}

void consume_queue::append(queue_offset offset, std::span<const queue_unit> units) {
  std::lock_guard lock{mutex_};
  if (min_ == end()
      && offset.value != end()) { // an empty queue begins where its first message says
    tail_.clear();
    written_ = min_ = tail_begin_ = offset.value;
    first_ = offset.value / units_per_file() * units_per_file();
  }
  assert(offset.value == end());
  tail_.insert(tail_.end(), units.begin(), units.end());
  end_position_ = units.back().position + units.back().size;
  if (min_ == offset.value) min_position_ = units.front().position;
}

/// Pre: the units below `unit` are written.
void consume_queue::forget_below(std::int64_t unit) {
  if (unit <= tail_begin_) return;
  tail_.erase(tail_.begin(), tail_.begin() + (unit - tail_begin_));
  tail_begin_ = unit;
}

void consume_queue::rest() {
  open_file_.reset();
  std::lock_guard lock{mutex_};
  forget_below(written_);
  if (tail_.empty()) tail_.shrink_to_fit();
}

caf::expected<store_file_ptr> consume_queue::file_of(std::int64_t unit, bool create) {
  auto first = unit / units_per_file() * units_per_file();
  if (open_file_ && open_file_first_ == first) return open_file_;
  auto path = path_of_file(unit);
  auto file =
    create ? directory_.create(path, file_bytes_, naming::by_next_sync) : directory_.open(path);
  if (!file) return file.error();
  open_file_ = *file;
  open_file_first_ = first;
  return open_file_;
}

/// Marks the first `count` units of the open file, which is new, as none.
caf::expected<void> consume_queue::fill_blanks(std::int64_t count) {
  if (count == 0) return caf::unit;
  std::vector<std::uint8_t> bytes(static_cast<std::size_t>(count * queue_unit_bytes));
  for (std::int64_t i = 0; i < count; ++i)
    encode(bytes.data() + i * queue_unit_bytes, {{0}, pre_blank_size, 0});
  return open_file_->write(0, bytes);
}

caf::expected<void> consume_queue::write_out() {
  while (unwritten() > 0) {
    bool begins_queue = written_ == min_;
    bool is_new = written_ % units_per_file() == 0 || begins_queue;
    auto file = file_of(written_, is_new);
    if (!file) return file.error();
    if (begins_queue)
      if (auto filled = fill_blanks(written_ % units_per_file()); !filled) return filled.error();
    auto at = written_ % units_per_file();
    auto count = std::min(end() - written_, units_per_file() - at);
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(count * queue_unit_bytes));
    for (std::int64_t i = 0; i < count; ++i)
      encode(bytes.data() + i * queue_unit_bytes,
             tail_[static_cast<std::size_t>(written_ - tail_begin_ + i)]);
    if (auto done = (*file)->write(at * queue_unit_bytes, bytes); !done) return done.error();
    if (auto path = path_of_file(written_); written_files_.empty() || written_files_.back() != path)
      written_files_.push_back(std::move(path));
    std::lock_guard lock{mutex_};
    written_ += count;
    forget_below(written_ - recent_units);
  }
  return caf::unit;
}

std::vector<std::string> consume_queue::take_written_files() {
  return std::exchange(written_files_, {});
}

/// The first unit of from..to whose record is at or behind `position`; `to` when there is none.
/// Units' positions grow.
caf::expected<std::int64_t>
consume_queue::first_at_or_behind(log_position position, std::int64_t from, std::int64_t to) const {
  while (from < to) {
    auto middle = from + (to - from) / 2;
    auto units = read({middle}, 1);
    if (!units) return units.error();
    if (!units->empty() && units->front().position < position)
      from = middle + 1;
    else
      to = middle;
  }
  return from;
}

caf::expected<void> consume_queue::truncate(log_position end) {
  if (end_position() <= end) return caf::unit;
  auto cut = first_at_or_behind(end, min_, max().value);
  if (!cut) return cut.error();
  if (*cut >= max().value) return caf::unit;
  log_position new_end{0};
  if (*cut > min_) {
    auto kept = read({*cut - 1}, 1);
    if (!kept) return kept.error();
    new_end = kept->front().position + kept->front().size;
  }
  auto old_written = written_;
  {
    std::lock_guard lock{mutex_};
    tail_.resize(static_cast<std::size_t>(std::max<std::int64_t>(*cut - tail_begin_, 0)));
    tail_begin_ = std::min(tail_begin_, *cut);
    written_ = std::min(written_, *cut);
    end_position_ = new_end;
  }
  open_file_.reset();
  auto keep_file = written_ > min_ && written_ % units_per_file() != 0
                     ? written_ / units_per_file()
                     : written_ / units_per_file() - 1;
  for (auto file = (old_written - 1) / units_per_file();
       file >= 0 && file > keep_file && file >= first_ / units_per_file(); --file)
    if (auto removed = directory_.remove(path_of_file(file * units_per_file())); !removed)
      return removed.error();
  if (keep_file == written_ / units_per_file() && old_written > written_) {
    auto file = file_of(written_, false);
    if (!file) return file.error();
    if (auto zeroed = (*file)->zero_from(written_ % units_per_file() * queue_unit_bytes); !zeroed)
      return zeroed.error();
  }
  return caf::unit;
}

caf::expected<void> consume_queue::expire(log_position begin) {
  if (min() == max() || min_position_ >= begin) return caf::unit;
  auto first_kept = first_at_or_behind(begin, min_, max().value);
  if (!first_kept) return first_kept.error();
  auto kept = read({*first_kept}, 1);
  if (!kept) return kept.error();
  if (!kept->empty()) min_position_ = kept->front().position;
  {
    std::lock_guard lock{mutex_};
    min_ = *first_kept;
  }
  auto last_file = (max().value - 1) / units_per_file();
  while (first_ / units_per_file() < min_ / units_per_file()
         && first_ / units_per_file() < last_file) {
    auto path = path_of_file(first_);
    {
      std::lock_guard lock{mutex_};
      first_ += units_per_file();
    }
    if (auto removed = directory_.remove(path); !removed) return removed.error();
  }
  return caf::unit;
}

caf::expected<void> consume_queue::begin_at(queue_offset offset) {
  if (auto cleared = clear(); !cleared || offset.value == 0) return cleared;
  auto file = file_of(offset.value - 1, true);
  if (!file) return file.error();
  if (auto filled = fill_blanks((offset.value - 1) % units_per_file() + 1); !filled) return filled;
  written_files_.push_back(path_of_file(offset.value - 1));
  std::lock_guard lock{mutex_};
  first_ = (offset.value - 1) / units_per_file() * units_per_file();
  min_ = written_ = tail_begin_ = offset.value;
  return caf::unit;
}

caf::expected<void> consume_queue::clear() {
  open_file_.reset();
  written_files_.clear();
  if (auto removed = directory_.remove(folder_); !removed) return removed;
  std::lock_guard lock{mutex_};
  first_ = min_ = written_ = tail_begin_ = 0;
  tail_.clear();
  misses_files_ = false;
  end_position_ = min_position_ = {};
  return caf::unit;
}

} // namespace cafmq
