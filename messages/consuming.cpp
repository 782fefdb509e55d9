#include "messages/consuming.hpp"

#include <algorithm>

namespace cafmq {

bool tag_filter::accepts(std::int64_t tags_code) const {
  return codes.empty()
         || std::binary_search(codes.begin(), codes.end(), static_cast<std::int32_t>(tags_code));
}

} // namespace cafmq
