#include "actors/broker/name_rules.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "messages/errors.hpp"
#include "messages/message.hpp"

namespace cafmq {

namespace {

constexpr std::string_view self_test_topic = "SELF_TEST_TOPIC";
constexpr std::string_view benchmark_topic = "BenchmarkTest";
constexpr std::string_view offset_moved_topic = "OFFSET_MOVED_EVENT";
constexpr std::string_view schedule_topic = "SCHEDULE_TOPIC_XXXX";
constexpr std::string_view half_topic = "RMQ_SYS_TRANS_HALF_TOPIC";
constexpr std::string_view op_half_topic = "RMQ_SYS_TRANS_OP_HALF_TOPIC";
constexpr std::string_view check_max_time_topic = "TRANS_CHECK_MAX_TIME_TOPIC";
constexpr std::string_view trace_topic = "RMQ_SYS_TRACE_TOPIC";
constexpr std::string_view system_prefix = "rmq_sys_";

constexpr std::array closed_topics{schedule_topic,       half_topic,      op_half_topic,
                                   check_max_time_topic, self_test_topic, offset_moved_topic};

constexpr std::int32_t benchmark_queues = 1'024;
constexpr std::int32_t auto_create_key_queues = 8;
constexpr std::int32_t cluster_topic_queues = 16;
constexpr std::int32_t delay_levels = 18; ///< a queue of the schedule topic each

bool is_name_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'
         || c == '-' || c == '%' || c == '|';
}

caf::expected<void> check(const char* what, std::string_view name, std::size_t bytes_max) {
  auto refuse = [&](const std::string& why) -> caf::expected<void> {
    return make_error(errc::invalid_parameter, std::string{"the "} + what + " name " + why);
  };
  if (name.empty()) return refuse("is empty");
  if (name.size() > bytes_max)
    return refuse("has " + std::to_string(name.size()) + " bytes, more than "
                  + std::to_string(bytes_max));
  if (!std::all_of(name.begin(), name.end(), is_name_byte))
    return refuse("'" + std::string{name}
                  + "' has bytes other than letters, digits, _, -, % and |");
  return caf::unit;
}

bool begins_with(const topic_name& topic, std::string_view prefix) {
  return std::string_view{topic.value}.starts_with(prefix);
}

topic_config make_topic(std::string_view name, std::int32_t queues,
                        std::int32_t perm = permission::read_write) {
  topic_config result;
  result.topic.value = name;
  result.read_queues = result.write_queues = queues;
  result.perm = perm;
  return result;
}

} // namespace

caf::expected<void> check_name(const topic_name& topic) {
  auto is_derived = is_retry_topic(topic) || begins_with(topic, dead_letter_topic_prefix);
  return check("topic", topic.value,
               is_derived ? retry_topic_name_bytes_max : topic_name_bytes_max);
}

caf::expected<void> check_name(const group_name& group) {
  return check("group", group.value, group_name_bytes_max);
}

bool is_retry_topic(const topic_name& topic) { return begins_with(topic, retry_topic_prefix); }

bool is_open_to_clients(const topic_name& topic) {
  return std::find(closed_topics.begin(), closed_topics.end(), topic.value) == closed_topics.end();
}

bool is_system_topic(const topic_name& topic, const cluster_name& cluster,
                     const broker_name& broker) {
  const auto& name = topic.value;
  return !is_open_to_clients(topic) || name == auto_create_topic_key || name == benchmark_topic
         || name == trace_topic || begins_with(topic, system_prefix) || name == cluster.value
         || name == broker.value || name == cluster.value + "_REPLY_TOPIC";
}

bool is_system_topic(const topic_name& topic, const broker_config& config) {
  return is_system_topic(topic, {config.broker_cluster_name}, {config.broker_name});
}

bool is_tools_group(const group_name& group) { return group.value == tools_group; }

std::vector<topic_config> system_topics(const broker_config& config) {
  constexpr auto inheritable = permission::read_write | permission::inherit;
  std::vector<topic_config> result{
    make_topic(self_test_topic, 1),
    make_topic(benchmark_topic, benchmark_queues),
    make_topic(config.broker_cluster_name, cluster_topic_queues, inheritable),
    make_topic(config.broker_name, 1, inheritable),
    make_topic(offset_moved_topic, 1),
    make_topic(schedule_topic, delay_levels),
    make_topic(config.broker_cluster_name + "_REPLY_TOPIC", 1),
    make_topic(half_topic, 1),
    make_topic(op_half_topic, 1),
  };
  if (config.auto_create_topic_enable)
    result.push_back(make_topic(auto_create_topic_key,
                                std::max(auto_create_key_queues, config.default_topic_queue_nums),
                                inheritable));
  return result;
}

} // namespace cafmq
