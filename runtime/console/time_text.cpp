#include "runtime/console/time_text.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <ctime>

namespace cafmq {

namespace {

/// Takes pieces off the front of a text.
class piece_reader {
public:
  explicit piece_reader(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// Exactly `digits` digits with a value of min..max.
  bool number(std::size_t digits, int min, int max, int& value) {
    const auto part = rest_.substr(0, digits);
    if (part.size() != digits
        || !std::ranges::all_of(part, [](unsigned char c) { return std::isdigit(c); }))
      return false;
    std::from_chars(part.data(), part.data() + part.size(), value);
    rest_.remove_prefix(digits);
    return value >= min && value <= max;
  }

private:
  std::string_view rest_;
};

struct calendar_time {
  int year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0, millisecond = 0;
  std::optional<int> zone_minutes; ///< east of UTC; nullopt: local time
};

std::optional<std::int64_t> to_milliseconds(const calendar_time& time) {
  std::tm parts{};
  parts.tm_year = time.year - 1900;
  parts.tm_mon = time.month - 1;
  parts.tm_mday = time.day;
  parts.tm_hour = time.hour;
  parts.tm_min = time.minute;
  parts.tm_sec = time.second;
  parts.tm_isdst = -1;
  const std::time_t seconds = time.zone_minutes ? timegm(&parts) : mktime(&parts);
  if (parts.tm_mday != time.day) return std::nullopt; // the 31st of a shorter month
  return (std::int64_t{seconds} - time.zone_minutes.value_or(0) * 60) * 1'000 + time.millisecond;
}

bool read_zone(piece_reader& in, calendar_time& time) {
  if (in.done()) return true;
  if (in.take('Z')) {
    time.zone_minutes = 0;
    return true;
  }
  const bool east = in.take('+');
  if (!east && !in.take('-')) return false;
  int hours = 0;
  int minutes = 0;
  if (!in.number(2, 0, 14, hours)) return false;
  in.take(':');
  if (!in.number(2, 0, 59, minutes)) return false;
  time.zone_minutes = (east ? 1 : -1) * (hours * 60 + minutes);
  return true;
}

std::optional<std::int64_t> parse_iso(std::string_view text) {
  piece_reader in{text};
  calendar_time time;
  if (!in.number(4, 1970, 9999, time.year) || !in.take('-') || !in.number(2, 1, 12, time.month)
      || !in.take('-') || !in.number(2, 1, 31, time.day))
    return std::nullopt;
  if (in.take('T') || in.take(' ')) {
    if (!in.number(2, 0, 23, time.hour) || !in.take(':') || !in.number(2, 0, 59, time.minute))
      return std::nullopt;
    if (in.take(':') && !in.number(2, 0, 60, time.second)) return std::nullopt;
    if (in.take('.') && !in.number(3, 0, 999, time.millisecond)) return std::nullopt;
    if (!read_zone(in, time)) return std::nullopt;
  }
  return in.done() ? to_milliseconds(time) : std::nullopt;
}

std::optional<std::int64_t> parse_compact(std::string_view text) {
  piece_reader in{text};
  calendar_time time;
  if (!in.number(4, 1970, 9999, time.year) || !in.number(2, 1, 12, time.month)
      || !in.number(2, 1, 31, time.day) || !in.number(2, 0, 23, time.hour)
      || !in.number(2, 0, 59, time.minute) || !in.number(2, 0, 60, time.second))
    return std::nullopt;
  return to_milliseconds(time);
}

} // namespace

std::optional<std::int64_t> parse_time(std::string_view text) {
  constexpr std::size_t compact_length = 14; // as milliseconds that would be the year 2286
  const bool digits =
    !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c); });
  if (!digits) return parse_iso(text);
  if (text.size() == compact_length) return parse_compact(text);
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc{}) return std::nullopt;
  return value;
}

} // namespace cafmq
