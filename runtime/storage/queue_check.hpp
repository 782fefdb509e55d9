#pragma once

#include "messages/codec/record.hpp"
#include "runtime/storage/findings.hpp"
#include "runtime/storage/stopped_store.hpp"

namespace cafmq::inspection {

/// Checks each unit of each consume queue against the record that it points to. Pre: the log was
/// checked, so that the summary has its end.
void check_queues(const stopped_store& store, findings& found, store_summary& summary);

} // namespace cafmq::inspection
