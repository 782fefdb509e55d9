#include "actors/store/retention_policy.hpp"

#include <algorithm>
#include <charconv>

namespace cafmq {

bool is_delete_hour(std::string_view delete_when, int hour) {
  while (!delete_when.empty()) {
    auto end = delete_when.find(';');
    auto piece = delete_when.substr(0, end);
    int named = -1;
    std::from_chars(piece.data(), piece.data() + piece.size(), named);
    if (named == hour) return true;
    delete_when = end == std::string_view::npos ? std::string_view{} : delete_when.substr(end + 1);
  }
  return false;
}

retention_decision decide_retention(std::span<const wall_time_ms> modified, wall_time_ms now,
                                    int hour, int used_percent, const store_config& config) {
  retention_decision decision;
  decision.refuse_sends = used_percent > config.disk_space_warning_level_ratio;
  bool forcibly =
    config.clean_file_forcibly_enable && used_percent > config.disk_space_clean_forcibly_ratio;
  bool due = forcibly || used_percent > config.disk_max_used_space_ratio
             || is_delete_hour(config.delete_when, hour);
  if (!due || modified.size() < 2) return decision;
  auto reserved =
    std::chrono::duration_cast<std::chrono::milliseconds>(config.file_reserved_time).count();
  auto limit = std::min(modified.size() - 1,
                        static_cast<std::size_t>(std::max(1, config.delete_file_batch_max)));
  while (decision.segments_to_remove < limit
         && (forcibly || now >= modified[decision.segments_to_remove] + reserved))
    ++decision.segments_to_remove;
  return decision;
}

} // namespace cafmq
