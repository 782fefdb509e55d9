#pragma once

#include <string>
#include <utility>

#include "runtime/storage/store_inspection.hpp"

namespace cafmq::inspection {

/// Counts what the checks of a store find and passes it on.
class findings {
public:
  findings(const inspection_watch& watch, store_summary& summary)
      : watch_(&watch), summary_(&summary) {}

  void fault(std::string text) {
    ++summary_->faults;
    say({finding::severity::fault, std::move(text)});
  }
  void note(std::string text) {
    ++summary_->notes;
    say({finding::severity::note, std::move(text)});
  }
  /// What a start after a crash repairs, and what is a fault after a stop in order.
  void unfinished(std::string text) {
    if (summary_->ended_in_order)
      fault(std::move(text));
    else
      note(std::move(text) + "; the next start repairs this");
  }
  void progress(std::int64_t done, std::int64_t total) {
    if (watch_->on_progress) watch_->on_progress(done, total);
  }

private:
  void say(const finding& found) {
    if (watch_->on_finding) watch_->on_finding(found);
  }

  const inspection_watch* watch_;
  store_summary* summary_;
};

/// Says the first few faults of one kind in one file one by one, and of the rest how many.
class similar_faults {
public:
  static constexpr int said_max = 5;

  /// `what`: what there are more of, for the last sentence.
  similar_faults(findings& to, std::string what) : to_(&to), what_(std::move(what)) {}
  similar_faults(const similar_faults&) = delete;
  ~similar_faults() {
    if (count_ > said_max)
      to_->fault(std::to_string(count_ - said_max) + " more faults of this kind in " + what_);
  }

  void add(std::string text) {
    if (++count_ <= said_max) to_->fault(std::move(text));
  }

private:
  findings* to_;
  std::string what_;
  std::int64_t count_ = 0;
};

} // namespace cafmq::inspection
