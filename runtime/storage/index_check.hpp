#pragma once

#include "runtime/storage/findings.hpp"
#include "runtime/storage/stopped_store.hpp"

namespace cafmq::inspection {

/// Checks each file of the key index by itself, and all of them together against the log: the same
/// keys in the same order. Pre: the log was checked, so that the summary has its end.
void check_indexes(const stopped_store& store, findings& found, store_summary& summary);

} // namespace cafmq::inspection
