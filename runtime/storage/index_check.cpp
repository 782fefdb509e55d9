#include "runtime/storage/index_check.hpp"

#include <algorithm>
#include <optional>

#include "runtime/storage/index_file.hpp"
#include "runtime/storage/log_cursor.hpp"

namespace cafmq::inspection {

namespace {

/// Files of one store have one layout; the fullest file tells it best.
std::optional<index_layout> layout_of(const std::vector<mapped_file>& files) {
  std::vector<const mapped_file*> by_count;
  for (const auto& file : files)
    if (file.bytes().size() > index_header::bytes) by_count.push_back(&file);
  std::stable_sort(by_count.begin(), by_count.end(), [](const auto* a, const auto* b) {
    return read_index_header(a->bytes()).count > read_index_header(b->bytes()).count;
  });
  for (const auto* file : by_count)
    if (auto layout = find_index_layout(file->bytes())) return layout;
  return std::nullopt;
}

/// Compares the entries of all files, in their order, with the keys of the log's records.
class index_sequence {
public:
  index_sequence(const stopped_store& store, findings& found)
      : store_(&store), found_(&found), cursor_(store.log(), body_check::skip),
        faults_(found, "the key index") {}

  void add(const std::string& path, std::int32_t number, const index_header& header,
           const index_entry& entry) {
    if (entry.position.value < store_->log().begin()) return; // its segment was deleted by age
    if (!started_) start_at(entry.position);
    auto place = [&] { return "entry " + std::to_string(number) + " of file " + path; };
    while (current_ && current_->at < entry.position)
      next_record(); // reports keys that were passed over
    if (!current_) {
      ++beyond_;
      return;
    }
    if (current_->at > entry.position) {
      faults_.add(place() + " points to log position " + std::to_string(entry.position.value)
                  + ", where no record begins or none comes next");
      return;
    }
    match(place, header, entry);
  }

  void finish() {
    if (!started_) return;
    std::int64_t records = 0;
    auto first = current_ ? current_->at : log_position{};
    for (; current_; current_ = cursor_.next_record(), load_hashes())
      if (!missing_hashes_.empty()) ++records;
    if (records > 0)
      found_->unfinished("the key index lacks keys of the last " + std::to_string(records)
                         + " messages that have any, from log position "
                         + std::to_string(first.value) + " on");
    if (beyond_ > 0)
      found_->unfinished("the key index has " + std::to_string(beyond_)
                         + " entries that point behind the end of the log");
  }

private:
  template <class Place>
  void match(const Place& place, const index_header& header, const index_entry& entry) {
    auto expected = std::find(hashes_.begin(), hashes_.end(), entry.hash);
    if (expected == hashes_.end() && entry.hash != tag_index_hash(current_->record)) {
      faults_.add(place() + " has a hash that none of the keys of the record in "
                  + store_->log().place(entry.position.value) + " gives");
      return;
    }
    // Keys of one record come in any order, and again after a recovery that indexed it twice.
    if (auto left = std::find(missing_hashes_.begin(), missing_hashes_.end(), entry.hash);
        left != missing_hashes_.end())
      missing_hashes_.erase(left);
    auto seconds = (current_->record.store_timestamp - header.begin_time) / 1000;
    if (std::clamp<std::int64_t>(seconds, 0, INT32_MAX) != entry.seconds)
      faults_.add(place() + " is " + std::to_string(entry.seconds)
                  + " s after the begin of its file, where its record's store time gives "
                  + std::to_string(seconds));
  }

  void start_at(log_position position) {
    started_ = true;
    current_ = cursor_.next_record();
    while (current_ && current_->at < position)
      current_ = cursor_.next_record();
    load_hashes();
  }

  void next_record() {
    if (!missing_hashes_.empty())
      faults_.add("the key index lacks " + std::to_string(missing_hashes_.size())
                  + " keys of the record in " + store_->log().place(current_->at.value));
    current_ = cursor_.next_record();
    load_hashes();
  }

  void load_hashes() {
    hashes_.clear();
    if (current_) index_hashes(current_->record, hashes_);
    // What was deleted stands in the index until a recovery makes that part of it anew.
    const bool may_lack =
      current_ && store_->deletions().covers(current_->record.topic, current_->at);
    missing_hashes_ = may_lack ? std::vector<std::int32_t>{} : hashes_;
  }

  const stopped_store* store_;
  findings* found_;
  log_cursor cursor_;
  similar_faults faults_;
  bool started_ = false;
  std::optional<log_step> current_;
  std::vector<std::int32_t> hashes_; // of the current record
  std::vector<std::int32_t> missing_hashes_;
  std::int64_t beyond_ = 0;
};

} // namespace

void check_indexes(const stopped_store& store, findings& found, store_summary& summary) {
  summary.index_files = static_cast<std::int64_t>(store.indexes().size());
  auto layout = layout_of(store.indexes());
  index_sequence sequence{store, found};
  for (const auto& file : store.indexes()) {
    auto bytes = file.bytes();
    if (bytes.size() <= index_header::bytes) {
      found.fault("file " + file.path() + " is too short for an index file");
      continue;
    }
    auto header = read_index_header(bytes);
    if (header.count == 0 || header.count == 1) continue; // nothing in it yet
    if (!layout) {
      found.fault("file " + file.path() + " has chains of entries that no table size explains");
      continue;
    }
    if (bytes.size() != store.indexes().front().bytes().size()) {
      found.fault("file " + file.path() + " is not as large as the first index file");
      continue;
    }
    if (auto wrong = chain_fault(bytes, *layout)) found.fault("file " + file.path() + " " + *wrong);
    auto count = std::clamp<std::int64_t>(header.count, 1, layout->entries);
    summary.index_entries += count - 1;
    for (std::int32_t number = 1; number < count; ++number)
      sequence.add(file.path(), number, header, read_index_entry(bytes, *layout, number));
  }
  sequence.finish();
}

} // namespace cafmq::inspection
