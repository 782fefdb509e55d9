#include "actors/client/pull_schedule.hpp"

#include <cassert>

namespace cafmq {

void pull_schedule::ask(std::int64_t ticket, time_point now, std::chrono::milliseconds limit) {
  assert(may_ask(now));
  open_ = true;
  ticket_ = ticket;
  asked_ = now;
  deadline_ = now + limit;
}

bool pull_schedule::answered(std::int64_t ticket) {
  if (!open_ || ticket != ticket_) return false;
  open_ = false;
  return true;
}

bool pull_schedule::expire(time_point now) {
  if (!open_ || now < deadline_) return false;
  open_ = false;
  return true;
}

std::optional<pull_schedule::time_point> pull_schedule::next_event(time_point now) const {
  if (open_) return deadline_;
  if (not_before_ > now) return not_before_;
  return std::nullopt;
}

} // namespace cafmq
