#pragma once

#include <caf/expected.hpp>
#include <map>
#include <variant>
#include <vector>

#include "config/broker_config.hpp"
#include "messages/errors.hpp"
#include "messages/topic.hpp"

namespace cafmq {

inline constexpr std::int32_t topic_queues_max = 65'536;

// What can be asked of a topic table.

/// Makes a topic or changes it.
struct set_topic {
  topic_config config;
  bool must_be_new = false;
};
/// Makes a topic that somebody sends to, unless it is there.
struct auto_create_topic {
  topic_name topic;
};
struct drop_topic {
  topic_name topic;
};
using topic_change = std::variant<set_topic, auto_create_topic, drop_topic>;

/// The topics of one broker. A value: a copy can be changed, saved, and then take the old one's
/// place.
class topic_table {
public:
  topic_table() = default;
  /// What was stored, completed by the system topics. TBW102 goes where topics may not be created
  /// by sending.
  topic_table(const broker_config& config, data_version version,
              std::map<topic_name, topic_config> stored, wall_time_ms now);

  /// Null when there is no such topic.
  const topic_config* find(const topic_name& topic) const;

  /// May this topic be dropped? Errors: no_permission (a system topic), topic_not_exist.
  caf::error check_drop(const topic_name& topic) const;

  /// Could sending to this missing topic create it?
  bool may_auto_create(const topic_name& topic) const;

  /// Carries out a change and returns the topic as it stands then, or stood. The version grows when
  /// something changed. Errors: invalid_parameter, topic_exist_already, topic_not_exist,
  /// no_permission (a system topic).
  caf::expected<topic_config> apply(const topic_change& change, wall_time_ms now);

  const data_version& version() const { return version_; }
  std::size_t size() const { return topics_.size(); }
  /// The whole table, sorted by name.
  std::vector<topic_config> all() const;

private:
  caf::expected<topic_config> apply_one(const set_topic& change, wall_time_ms now);
  caf::expected<topic_config> apply_one(const auto_create_topic& change, wall_time_ms now);
  caf::expected<topic_config> apply_one(const drop_topic& change, wall_time_ms now);
  void advance(wall_time_ms now);

  broker_config config_;
  data_version version_;
  std::map<topic_name, topic_config> topics_;
};

} // namespace cafmq
