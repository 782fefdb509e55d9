#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cafmq {

/// A table for people: columns as wide as their content, numbers to the right, no lines to draw.
class text_table {
public:
  explicit text_table(std::vector<std::string> titles);

  void add(std::vector<std::string> row);
  bool empty() const { return rows_.empty(); }

  /// A line of titles and a line a row, each ended by a line end; `indent` spaces before each.
  std::string render(std::size_t indent = 0) const;

private:
  std::vector<std::string> titles_;
  std::vector<std::vector<std::string>> rows_;
};

/// Columns that a UTF-8 text takes: its characters, control characters left out.
std::size_t display_width(std::string_view text);

/// 1234567 as 1,234,567.
std::string grouped(std::int64_t number);

/// Bytes as people read them: 512 B, 1.5 KiB, 20.0 MiB.
std::string readable_bytes(std::int64_t bytes);

/// Milliseconds since 1970 as local time, 2026-11-25 15:00:00.123; 0 is "-".
std::string readable_time(std::int64_t wall_time_ms);

/// One line of at most `width` columns: line ends and other control characters become spaces, the
/// rest is cut off behind "...".
std::string shortened(std::string_view text, std::size_t width);

} // namespace cafmq
