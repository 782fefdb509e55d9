#include <doctest/doctest.h>

#include "config/config_reader.hpp"
#include "config/field_table.hpp"

using namespace cafmq;

TEST_CASE("store_fields: defaults are RocketMQ's") {
  // RocketMQ: MessageStoreConfig.java.
  const std::pair<const char*, const char*> expected[] = {
    {"mappedFileSizeCommitLog", "1073741824"},
    {"mappedFileSizeConsumeQueue", "6000000"},
    {"maxHashSlotNum", "5000000"},
    {"maxIndexNum", "20000000"},
    {"messageIndexEnable", "true"},
    {"flushDiskType", "ASYNC_FLUSH"},
    {"flushIntervalCommitLog", "500"},
    {"flushCommitLogLeastPages", "4"},
    {"flushCommitLogThoroughInterval", "10000"},
    {"flushConsumeQueueThoroughInterval", "60000"},
    {"syncFlushTimeout", "5000"},
    {"maxMessageSize", "4194304"},
    {"fileReservedTime", "72"},
    {"deleteWhen", "04"},
    {"cleanResourceInterval", "10000"},
    {"diskMaxUsedSpaceRatio", "75"},
    {"diskSpaceCleanForciblyRatio", "85"},
    {"diskSpaceWarningLevelRatio", "90"},
    {"cleanFileForciblyEnable", "true"},
    {"checkCRCOnRecover", "true"},
    {"maxFilterMessageSize", "16000"},
    {"maxMsgsNumBatch", "64"},
  };
  for (const auto& entry : expected) { // named one by one: clang 14 captures no structured bindings
    const auto& key = entry.first;
    const auto& value = entry.second;
    const auto* field = find_field("store", key);
    REQUIRE_MESSAGE(field, key);
    CHECK_MESSAGE(to_text(field->get(settings{})) == value, key);
  }
}

TEST_CASE("store_fields: RocketMQ's keys that nothing here would obey are unknown") {
  for (const char* key : {"messageIndexSafe", "flushIntervalConsumeQueue",
                          "flushConsumeQueueLeastPages", "defaultQueryMaxNum"}) {
    const auto result = read_settings(
      R"({"namesrv": {}, "broker": {}, "store": {")" + std::string{key} + "\": 1}}", "node.json");
    REQUIRE(result.faults.size() == 1);
    CHECK(result.faults[0].path == std::string{"store."} + key);
    CHECK(result.faults[0].sentence == "is not a known key");
  }
}
