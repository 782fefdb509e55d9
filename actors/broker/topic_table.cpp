#include "actors/broker/topic_table.hpp"

#include <algorithm>

#include "actors/broker/name_rules.hpp"

namespace cafmq {

namespace {

constexpr std::int32_t permission_mask = permission::read_write | permission::inherit;

caf::expected<void> check(const topic_config& topic) {
  auto refuse = [&](const std::string& why) -> caf::expected<void> {
    return make_error(errc::invalid_parameter, "topic " + topic.topic.value + ": " + why);
  };
  if (auto named = check_name(topic.topic); !named) return named;
  auto in_range = [](std::int32_t queues) { return queues >= 0 && queues <= topic_queues_max; };
  if (!in_range(topic.read_queues) || !in_range(topic.write_queues)
      || std::max(topic.read_queues, topic.write_queues) == 0)
    return refuse(std::to_string(topic.read_queues) + " read and "
                  + std::to_string(topic.write_queues) + " write queues are not within 1.."
                  + std::to_string(topic_queues_max));
  if ((topic.perm & ~permission_mask) != 0)
    return refuse("perm " + std::to_string(topic.perm)
                  + " is none; it adds up read 4, write 2 and inherit 1");
  for (const auto& [name, value] : topic.attributes)
    if (name.empty() || (name + value).find(' ') != std::string::npos)
      return refuse("attribute '" + name + "' is empty or has a space in it");
  return caf::unit;
}

caf::error system_topic_error(const topic_name& topic) {
  return make_error(errc::no_permission,
                    "topic " + topic.value + " belongs to the broker and cannot be changed");
}

} // namespace

topic_table::topic_table(const broker_config& config, data_version version,
                         std::map<topic_name, topic_config> stored, wall_time_ms now)
    : config_(config), version_(version), topics_(std::move(stored)) {
  auto changed =
    !config.auto_create_topic_enable && topics_.erase({std::string{auto_create_topic_key}}) > 0;
  for (auto& topic : system_topics(config)) {
    auto [known, is_new] = topics_.try_emplace(topic.topic, topic);
    // A store from before defaultTopicQueueNums was raised.
    const bool grows = known->second.write_queues < topic.write_queues;
    if (grows) known->second = std::move(topic);
    changed |= is_new || grows;
  }
  if (changed) advance(now);
}

const topic_config* topic_table::find(const topic_name& topic) const {
  auto found = topics_.find(topic);
  return found == topics_.end() ? nullptr : &found->second;
}

caf::error topic_table::check_drop(const topic_name& topic) const {
  if (is_system_topic(topic, config_)) return system_topic_error(topic);
  if (find(topic) == nullptr)
    return make_error(errc::topic_not_exist,
                      "topic " + topic.value + " is not on broker " + config_.broker_name);
  return {};
}

bool topic_table::may_auto_create(const topic_name& topic) const {
  const auto* key = find({auto_create_topic_key});
  return key != nullptr && (key->perm & permission::inherit) != 0 && check_name(topic);
}

caf::expected<topic_config> topic_table::apply(const topic_change& change, wall_time_ms now) {
  return std::visit([&](const auto& one) { return apply_one(one, now); }, change);
}

std::vector<topic_config> topic_table::all() const {
  std::vector<topic_config> result;
  result.reserve(topics_.size());
  for (const auto& [name, topic] : topics_)
    result.push_back(topic);
  return result;
}

caf::expected<topic_config> topic_table::apply_one(const set_topic& change, wall_time_ms now) {
  const auto& wanted = change.config;
  if (auto valid = check(wanted); !valid) return valid.error();
  if (is_system_topic(wanted.topic, config_)) return system_topic_error(wanted.topic);
  auto known = topics_.find(wanted.topic);
  if (known != topics_.end() && change.must_be_new)
    return make_error(errc::topic_exist_already, "topic " + wanted.topic.value + " is on broker "
                                                   + config_.broker_name + " already");
  if (known != topics_.end() && known->second == wanted) return wanted;
  topics_.insert_or_assign(wanted.topic, wanted);
  advance(now);
  return wanted;
}

caf::expected<topic_config> topic_table::apply_one(const auto_create_topic& change,
                                                   wall_time_ms now) {
  if (const auto* known = find(change.topic)) return *known;
  if (auto named = check_name(change.topic); !named) return named.error();
  if (!may_auto_create(change.topic))
    return make_error(errc::topic_not_exist,
                      "topic " + change.topic.value + " is not on broker " + config_.broker_name
                        + ", which does not create topics by sending; create it first");
  const auto& key = *find({auto_create_topic_key});
  topic_config made;
  made.topic = change.topic;
  made.read_queues = made.write_queues =
    std::min(config_.default_topic_queue_nums, key.write_queues);
  made.perm = key.perm & ~permission::inherit;
  topics_.insert_or_assign(made.topic, made);
  advance(now);
  return made;
}

caf::expected<topic_config> topic_table::apply_one(const drop_topic& change, wall_time_ms now) {
  if (auto refused = check_drop(change.topic)) return refused;
  auto known = topics_.find(change.topic);
  auto dropped = std::move(known->second);
  topics_.erase(known);
  advance(now);
  return dropped;
}

void topic_table::advance(wall_time_ms now) {
  ++version_.counter;
  version_.timestamp = now;
}

} // namespace cafmq
