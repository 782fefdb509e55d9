#include "actors/store/key_index.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

#include "messages/codec/big_endian.hpp"

namespace cafmq {

namespace {

constexpr std::int64_t header_bytes = 40, slot_bytes = 4, entry_bytes = 20;
constexpr std::int32_t slots_per_page = 1024;
/// Entries that gather in memory before they are written.
constexpr std::size_t entries_worth_writing = 8192;
constexpr std::int32_t entries_per_read = 65'536;

std::int64_t entry_at(const key_index_config& config, std::int32_t number) {
  return header_bytes + slot_bytes * config.slots + entry_bytes * number;
}

index_chain::entry decode(const std::uint8_t* from) {
  return {load_big_endian<std::int32_t>(from), load_big_endian<std::int64_t>(from + 4),
          load_big_endian<std::int32_t>(from + 12), load_big_endian<std::int32_t>(from + 16)};
}

caf::expected<std::int32_t> read_slot(const store_file& file, std::int32_t slot) {
  std::array<std::uint8_t, slot_bytes> bytes;
  if (auto done = file.read(header_bytes + slot_bytes * slot, bytes); !done) return done.error();
  return load_big_endian<std::int32_t>(bytes.data());
}

/// False when nothing older in the chain is asked for.
bool take(const index_chain::entry& e, wall_time_ms begin_time, const index_query& query,
          std::vector<log_position>& found) {
  if (e.seconds < 0) return false;
  // The stored time is cut to seconds, so that an entry may be up to a second newer than it says.
  auto time = begin_time + e.seconds * 1000ll;
  if (time + 999 < query.begin) return false;
  if (e.hash == query.hash && time <= query.end) found.push_back({e.position});
  return found.size() < query.count_max;
}

} // namespace

caf::expected<void> index_chain::find(const index_query& query,
                                      std::vector<log_position>& found) const {
  for (const auto& e : unwritten)
    if (!take(e, begin_time, query, found)) return caf::unit;
  auto number = newest.value_or(0);
  if (!newest) {
    auto stored = read_slot(*file, slot);
    if (!stored) return stored.error();
    number = *stored;
  }
  while (number > 0 && number < written) {
    std::array<std::uint8_t, entry_bytes> bytes;
    if (auto done = file->read(entry_at(config, number), bytes); !done) return done.error();
    auto e = decode(bytes.data());
    if (!take(e, begin_time, query, found) || e.older >= number) break;
    number = e.older;
  }
  return caf::unit;
}

index_file::index_file(store_file_ptr file, const key_index_config& config)
    : file_(std::move(file)), config_(config) {}

caf::expected<void> index_file::load_header() {
  std::array<std::uint8_t, header_bytes> bytes;
  if (auto done = file_->read(0, bytes); !done) return done.error();
  begin_time_ = load_big_endian<std::int64_t>(bytes.data());
  end_time_ = load_big_endian<std::int64_t>(bytes.data() + 8);
  begin_position_ = load_big_endian<std::int64_t>(bytes.data() + 16);
  end_position_ = load_big_endian<std::int64_t>(bytes.data() + 24);
  used_slots_ = load_big_endian<std::int32_t>(bytes.data() + 32);
  count_ = std::clamp(load_big_endian<std::int32_t>(bytes.data() + 36), 1, config_.entries);
  written_ = count_;
  return caf::unit;
}

void index_file::make_slots() {
  slots_.reset(static_cast<std::int32_t*>(
    std::calloc(static_cast<std::size_t>(config_.slots), sizeof(std::int32_t))));
  dirty_pages_.assign(static_cast<std::size_t>(config_.slots / slots_per_page + 1), false);
}

caf::expected<void> index_file::load_slots() {
  make_slots();
  std::vector<std::uint8_t> page(slots_per_page * slot_bytes);
  for (std::int32_t first = 0; first < config_.slots; first += slots_per_page) {
    auto count = std::min(slots_per_page, config_.slots - first);
    auto bytes = std::span{page}.first(static_cast<std::size_t>(count * slot_bytes));
    if (auto done = file_->read(header_bytes + slot_bytes * first, bytes); !done)
      return done.error();
    for (std::int32_t i = 0; i < count; ++i)
      if (auto number = load_big_endian<std::int32_t>(page.data() + i * slot_bytes);
          number > 0 && number < count_)
        slots_[static_cast<std::size_t>(first + i)] = number;
  }
  return caf::unit;
}

void index_file::set_slot(std::int32_t slot, std::int32_t number) {
  auto& newest = slots_[static_cast<std::size_t>(slot)];
  if (newest == 0) ++used_slots_;
  newest = number;
  dirty_pages_[static_cast<std::size_t>(slot / slots_per_page)] = true;
}

void index_file::put(std::int32_t hash, log_position position, wall_time_ms store_time) {
  if (!slots_) make_slots();
  if (count_ == 1) {
    begin_time_ = store_time;
    begin_position_ = position.value;
  }
  auto slot = hash % config_.slots;
  auto seconds =
    begin_time_ > 0 ? std::clamp<std::int64_t>((store_time - begin_time_) / 1000, 0, INT32_MAX) : 0;
  tail_.push_back({hash, position.value, static_cast<std::int32_t>(seconds),
                   slots_[static_cast<std::size_t>(slot)]});
  set_slot(slot, count_);
  ++count_;
  end_time_ = store_time;
  end_position_ = position.value;
}

void index_file::expect(std::int32_t hash) const {
  if (slots_) __builtin_prefetch(&slots_[static_cast<std::size_t>(hash % config_.slots)], 1);
}

caf::expected<void> index_file::write_entries() {
  if (tail_.empty()) return caf::unit;
  std::vector<std::uint8_t> bytes(tail_.size() * entry_bytes);
  auto* to = bytes.data();
  for (const auto& e : tail_) {
    store_big_endian(to, e.hash);
    store_big_endian(to + 4, e.position);
    store_big_endian(to + 12, e.seconds);
    store_big_endian(to + 16, e.older);
    to += entry_bytes;
  }
  if (auto done = file_->write(entry_at(config_, written_), bytes); !done) return done.error();
  written_ = count_;
  tail_.clear();
  return caf::unit;
}

caf::expected<void> index_file::write_many_entries() {
  return tail_.size() < entries_worth_writing ? caf::unit : write_entries();
}

caf::expected<void> index_file::write_out() {
  if (!slots_) return caf::unit;
  if (auto written = write_entries(); !written) return written;
  std::vector<std::uint8_t> page(slots_per_page * slot_bytes);
  for (std::size_t p = 0; p < dirty_pages_.size(); ++p) {
    if (!dirty_pages_[p]) continue;
    auto first = static_cast<std::int32_t>(p) * slots_per_page;
    auto count = std::min(slots_per_page, config_.slots - first);
    for (std::int32_t i = 0; i < count; ++i)
      store_big_endian(page.data() + i * slot_bytes, slots_[static_cast<std::size_t>(first + i)]);
    auto bytes = std::span{page}.first(static_cast<std::size_t>(count * slot_bytes));
    if (auto done = file_->write(header_bytes + slot_bytes * first, bytes); !done)
      return done.error();
    dirty_pages_[p] = false;
  }
  std::array<std::uint8_t, header_bytes> header{};
  store_big_endian(header.data(), begin_time_);
  store_big_endian(header.data() + 8, end_time_);
  store_big_endian(header.data() + 16, begin_position_);
  store_big_endian(header.data() + 24, end_position_);
  store_big_endian(header.data() + 32, used_slots_);
  store_big_endian(header.data() + 36, count_);
  return file_->write(0, header);
}

caf::expected<index_chain> index_file::chain(std::int32_t hash) const {
  index_chain result;
  result.file = file_;
  result.config = config_;
  result.begin_time = begin_time_;
  result.slot = hash % config_.slots;
  result.written = written_;
  if (slots_) {
    auto number = slots_[static_cast<std::size_t>(result.slot)];
    while (number >= written_) {
      result.unwritten.push_back(tail_[static_cast<std::size_t>(number - written_)]);
      number = result.unwritten.back().older;
    }
    result.newest = number;
  } else if (room() > 0) { // only the slots of a full file stay as they are
    auto newest = read_slot(*file_, result.slot);
    if (!newest) return newest.error();
    result.newest = *newest;
  }
  return result;
}

caf::expected<void> index_file::truncate(log_position end) {
  if (auto written = write_entries(); !written) return written; // so that all are in the file
  make_slots();
  used_slots_ = 0;
  dirty_pages_.assign(dirty_pages_.size(), true);
  auto kept = count_;
  std::vector<std::uint8_t> bytes;
  for (std::int32_t first = 1; first < kept; first += entries_per_read) {
    bytes.resize(static_cast<std::size_t>(std::min(entries_per_read, kept - first) * entry_bytes));
    if (auto done = file_->read(entry_at(config_, first), bytes); !done) return done.error();
    for (std::size_t at = 0; at < bytes.size() && kept == count_; at += entry_bytes) {
      auto number = first + static_cast<std::int32_t>(at / entry_bytes);
      auto e = decode(bytes.data() + at);
      if (e.position >= end.value) {
        kept = number;
      } else {
        set_slot(e.hash % config_.slots, number);
        end_position_ = e.position;
        end_time_ = begin_time_ + e.seconds * 1000ll;
      }
    }
  }
  count_ = written_ = kept;
  if (count_ == 1) begin_time_ = end_time_ = begin_position_ = end_position_ = 0;
  return caf::unit;
}

key_index::key_index(store_directory& directory, std::string folder, key_index_config config)
    : directory_(directory), folder_(std::move(folder)), config_(config) {}

caf::expected<void> key_index::load() {
  auto listed = directory_.files(folder_);
  if (!listed) return listed.error();
  for (const auto& found : *listed) {
    bool is_index =
      !found.name.empty() && found.name.find_first_not_of("0123456789") == std::string::npos;
    if (!is_index) continue;
    auto path = folder_ + "/" + found.name;
    if (found.size == 0 && &found == &listed->back()) { // created and not yet sized at a crash
      if (auto removed = directory_.remove(path); !removed) return removed;
      continue;
    }
    if (found.size != file_bytes())
      return make_error(errc::store_corrupt, directory_.description() + "/" + path + " has "
                                               + std::to_string(found.size)
                                               + " bytes; maxHashSlotNum and maxIndexNum say "
                                               + std::to_string(file_bytes()));
    auto file = directory_.open(path);
    if (!file) return file.error();
    auto index = std::make_unique<index_file>(*file, config_);
    if (auto loaded = index->load_header(); !loaded) return loaded.error();
    files_.push_back({found.name, std::move(index)});
  }
  return caf::unit;
}

log_position key_index::end_position() const {
  return {files_.empty() ? 0 : files_.back().index->end_position()};
}
wall_time_ms key_index::end_time() const {
  return files_.empty() ? 0 : files_.back().index->end_time();
}

caf::expected<void> key_index::add_file() {
  if (!files_.empty()) {
    if (auto written = files_.back().index->write_out(); !written) return written.error();
    written_files_.push_back(files_.back().index->file());
    files_.back().index->forget_slots();
  }
  auto name = index_file_name(now_);
  if (!files_.empty() && name <= files_.back().name) { // names order the files
    name = std::to_string(std::stoull(files_.back().name) + 1);
  }
  auto file = directory_.create(folder_ + "/" + name, file_bytes());
  if (!file) return file.error();
  files_.push_back({name, std::make_unique<index_file>(*file, config_)});
  slots_loaded_ = true;
  return caf::unit;
}

caf::expected<void> key_index::put(std::span<const index_key> keys, wall_time_ms now) {
  std::lock_guard lock{mutex_};
  now_ = now;
  auto entered = enter_waiting();
  if (entered) entered = enter(keys);
  waiting_.insert(waiting_.end(), keys.begin(), keys.end());
  return entered;
}

/// Sees to a newest file with room, and its slots in memory.
caf::expected<void> key_index::prepare_newest() {
  if (files_.empty() || files_.back().index->room() == 0) return add_file();
  if (slots_loaded_) return caf::unit;
  auto loaded = files_.back().index->load_slots();
  slots_loaded_ = static_cast<bool>(loaded);
  return loaded;
}

/// Takes what it has entered off the front of `keys`.
caf::expected<void> key_index::enter(std::span<const index_key>& keys) {
  constexpr std::size_t ahead = 8;
  while (!keys.empty()) {
    if (auto prepared = prepare_newest(); !prepared) return prepared;
    auto& newest = *files_.back().index;
    auto count = std::min(keys.size(), newest.room());
    for (std::size_t i = 0; i < count; ++i) {
      if (i + ahead < count) newest.expect(keys[i + ahead].hash);
      newest.put(keys[i].hash, keys[i].position, keys[i].store_time);
    }
    keys = keys.subspan(count);
    if (auto written = newest.write_many_entries(); !written) return written;
  }
  return caf::unit;
}

caf::expected<void> key_index::enter_waiting() {
  if (waiting_.empty()) return caf::unit;
  std::span<const index_key> keys{waiting_};
  auto entered = enter(keys);
  waiting_.erase(waiting_.begin(), waiting_.end() - static_cast<std::ptrdiff_t>(keys.size()));
  return entered;
}

caf::expected<void> key_index::write_out() {
  std::lock_guard lock{mutex_};
  if (auto entered = enter_waiting(); !entered) return entered;
  if (files_.empty() || !slots_loaded_) return caf::unit;
  if (auto written = files_.back().index->write_out(); !written) return written.error();
  written_files_.push_back(files_.back().index->file());
  return caf::unit;
}

std::vector<store_file_ptr> key_index::take_written_files() {
  return std::exchange(written_files_, {});
}

caf::expected<void> key_index::truncate(log_position end) {
  std::lock_guard lock{mutex_};
  waiting_.clear();
  while (!files_.empty() && files_.back().index->begin_position() >= end.value) {
    if (auto removed = directory_.remove(folder_ + "/" + files_.back().name); !removed)
      return removed.error();
    files_.pop_back();
  }
  slots_loaded_ = false;
  if (files_.empty()) return caf::unit;
  slots_loaded_ = true;
  return files_.back().index->truncate(end);
}

caf::expected<void> key_index::expire(log_position begin) {
  std::lock_guard lock{mutex_};
  while (files_.size() > 1 && files_.front().index->end_position() < begin.value) {
    if (auto removed = directory_.remove(folder_ + "/" + files_.front().name); !removed)
      return removed.error();
    files_.erase(files_.begin());
  }
  return caf::unit;
}

/// The chains that are to be followed, newest first.
caf::expected<std::vector<index_chain>> key_index::chains(const index_query& query) const {
  std::lock_guard lock{mutex_};
  std::vector<index_chain> result;
  for (auto file = files_.rbegin(); file != files_.rend(); ++file) {
    const auto& index = *file->index;
    if (index.begin_time() <= query.end && index.end_time() >= query.begin) {
      auto chain = index.chain(query.hash);
      if (!chain) return chain.error();
      result.push_back(std::move(*chain));
    }
    if (index.begin_time() < query.begin) break;
  }
  return result;
}

caf::expected<std::vector<log_position>> key_index::find(std::int32_t hash, wall_time_ms begin,
                                                         wall_time_ms end,
                                                         std::size_t count_max) const {
  const index_query query{hash, begin, end, count_max};
  auto taken = chains(query);
  if (!taken) return taken.error();
  std::vector<log_position> found;
  for (const auto& chain : *taken) {
    if (found.size() >= count_max) break;
    if (auto searched = chain.find(query, found); !searched) return searched.error();
  }
  std::sort(found.begin(), found.end());
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

std::string index_file_name(wall_time_ms now) {
  using namespace std::chrono;
  auto time = sys_time<milliseconds>{milliseconds{now}};
  auto day = floor<days>(time);
  year_month_day date{day};
  hh_mm_ss clock{time - day};
  std::array<char, 32> text;
  std::snprintf(
    text.data(), text.size(), "%04d%02u%02u%02d%02d%02d%03d", static_cast<int>(date.year()),
    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

} // namespace cafmq
