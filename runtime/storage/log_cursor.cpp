#include "runtime/storage/log_cursor.hpp"

namespace cafmq::inspection {

log_step log_cursor::next() {
  auto bytes = log_->from(next_.value);
  auto found = check_record(bytes, check_);
  if (found.kind == record_kind::valid
      && is_torn(found.record, bytes.subspan(static_cast<std::size_t>(found.size))))
    found = {};
  log_step step{found.kind, next_, found.size, found.record};
  if (found.kind == record_kind::valid)
    next_ = next_ + found.size;
  else if (found.kind == record_kind::blank)
    next_ = next_ + static_cast<std::int64_t>(bytes.size());
  return step;
}

std::optional<log_step> log_cursor::next_record() {
  for (;;) {
    auto step = next();
    if (step.kind == record_kind::valid) return step;
    if (step.kind == record_kind::invalid) return std::nullopt;
  }
}

} // namespace cafmq::inspection
