#include "actors/log.hpp"

#include <utility>

namespace cafmq::log {

namespace {
sink& current() {
  static sink target;
  return target;
}
} // namespace

void set_sink(sink target) { current() = std::move(target); }

void write(level severity, std::string_view event, std::string_view sentence) {
  if (current()) current()(severity, event, sentence);
}

} // namespace cafmq::log
