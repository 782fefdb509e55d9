#pragma once

#include <functional>
#include <sstream>
#include <string>
#include <string_view>

namespace cafmq::log {

enum class level { debug, info, warn, error };

/// Where log lines go. Set once by runtime/ before any actor runs; until then lines are dropped.
using sink = std::function<void(level, std::string_view event, std::string_view sentence)>;
void set_sink(sink target);
void write(level severity, std::string_view event, std::string_view sentence);

namespace detail {
template <class... Parts>
std::string join(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}
} // namespace detail

/// `event` is a stable id for machines, such as "broker-expired"; the parts make a sentence for
/// people.
template <class... Parts>
void debug(std::string_view event, const Parts&... parts) {
  write(level::debug, event, detail::join(parts...));
}
template <class... Parts>
void info(std::string_view event, const Parts&... parts) {
  write(level::info, event, detail::join(parts...));
}
template <class... Parts>
void warn(std::string_view event, const Parts&... parts) {
  write(level::warn, event, detail::join(parts...));
}
template <class... Parts>
void error(std::string_view event, const Parts&... parts) {
  write(level::error, event, detail::join(parts...));
}

} // namespace cafmq::log
