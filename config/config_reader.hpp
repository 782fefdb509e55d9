#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/config_fault.hpp"
#include "config/settings.hpp"

namespace cafmq {

/// A configuration as it was read: usable when there are no faults.
struct read_settings_result {
  settings values;
  std::vector<config_fault> faults;
};

/// Reads a JSON configuration and then overrides single keys. `file` is only named in faults. Each
/// override is `key=value`, the key with its section (`broker.listenPort=0`) or alone when only one
/// of the present sections has it (`flushDiskType=SYNC_FLUSH`). All faults of the text, the
/// overrides and the resulting values are reported together.
read_settings_result read_settings(std::string_view text, const std::string& file,
                                   const std::vector<std::string>& overrides = {});

/// The same, from defaults instead of a text.
read_settings_result override_settings(settings defaults,
                                       const std::vector<std::string>& overrides);

} // namespace cafmq
