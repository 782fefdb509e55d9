#pragma once

#include <string>
#include <string_view>

namespace cafmq {

/// Strict JSON of `text` as fastjson writes it: keys that stand without quotes, such as the queue
/// ids in `{0:17,1:18}`, are put in quotes. Everything else is copied; strict JSON comes back
/// unchanged, and a text that is no JSON becomes none by this.
std::string quote_json_keys(std::string_view text);

} // namespace cafmq
