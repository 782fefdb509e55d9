#include "config/version.hpp"

namespace cafmq {

const char* version() { return "0.1.0"; }

} // namespace cafmq
