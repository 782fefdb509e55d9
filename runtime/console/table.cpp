#include "runtime/console/table.hpp"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <ctime>

namespace cafmq {

namespace {

/// Whether this byte begins a character, that is, does not continue one.
bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7F;
}

bool looks_like_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return std::isdigit(static_cast<unsigned char>(c)) || c == ',' || c == '.' || c == '-'
           || c == '%';
  });
}

} // namespace

text_table::text_table(std::vector<std::string> titles) : titles_(std::move(titles)) {}

void text_table::add(std::vector<std::string> row) {
  row.resize(titles_.size());
  rows_.push_back(std::move(row));
}

std::string text_table::render(std::size_t indent) const {
  std::vector<std::size_t> widths;
  std::vector<bool> right;
  for (std::size_t i = 0; i < titles_.size(); ++i) {
    std::size_t width = display_width(titles_[i]);
    bool numbers = !rows_.empty();
    for (const auto& row : rows_) {
      width = std::max(width, display_width(row[i]));
      numbers = numbers && (looks_like_number(row[i]) || row[i].empty());
    }
    widths.push_back(width);
    right.push_back(numbers);
  }
  std::string out;
  auto append_row = [&](const std::vector<std::string>& row) {
    std::string line(indent, ' ');
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::size_t padding = widths[i] - display_width(row[i]);
      if (i > 0) line.append(2, ' ');
      if (right[i]) line.append(padding, ' ');
      line.append(row[i]);
      if (!right[i]) line.append(padding, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out.append(line).push_back('\n');
  };
  append_row(titles_);
  for (const auto& row : rows_)
    append_row(row);
  return out;
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
    std::ranges::count_if(text, [](char c) { return begins_character(c) && !is_control(c); }));
}

std::string grouped(std::int64_t number) {
  const std::string digits = std::to_string(number);
  const std::size_t first_digit = number < 0 ? 1 : 0;
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > first_digit && (digits.size() - i) % 3 == 0) text.push_back(',');
    text.push_back(digits[i]);
  }
  return text;
}

std::string readable_bytes(std::int64_t bytes) {
  static constexpr const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(units)) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
  return text;
}

std::string readable_time(std::int64_t wall_time_ms) {
  if (wall_time_ms <= 0) return "-";
  const std::time_t seconds = wall_time_ms / 1000;
  std::tm parts{};
  localtime_r(&seconds, &parts);
  char text[64];
  const auto length = std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts);
  std::snprintf(text + length, sizeof text - length, ".%03d",
                static_cast<int>(wall_time_ms % 1000));
  return text;
}

std::string shortened(std::string_view text, std::size_t width) {
  std::string line;
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::size_t next = i + 1;
    while (next < text.size() && !begins_character(text[next]))
      ++next;
    if (columns == width) {
      while (columns + 3 > width && !line.empty()) {
        if (begins_character(line.back())) --columns;
        line.pop_back();
      }
      return line + "...";
    }
    if (is_control(text[i]))
      line += ' ';
    else
      line += text.substr(i, next - i);
    ++columns;
    i = next;
  }
  return line;
}

} // namespace cafmq
