#pragma once

namespace cafmq {

/// The version of this build, as `cafmq --version` and the broker's status give it.
const char* version();

} // namespace cafmq
