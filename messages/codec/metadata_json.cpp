#include "messages/codec/metadata_json.hpp"

#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>

#include "messages/codec/lenient_json.hpp"
#include "messages/errors.hpp"

namespace cafmq {

namespace {

using json = nlohmann::json;

/// A fault found while reading; caught where the document is returned, never thrown across a
/// function of this file's interface.
struct shape_fault {
  std::string sentence;
};

json parse_object(std::string_view text) {
  auto parsed = json::parse(quote_json_keys(text), nullptr, false);
  if (parsed.is_discarded()) throw shape_fault{"it is no JSON"};
  if (!parsed.is_object()) throw shape_fault{"it is no JSON object"};
  return parsed;
}

/// Takes the object `key` out of `from`; an absent or null one is empty.
json take_object(json& from, const char* key) {
  auto found = from.find(key);
  if (found == from.end()) return json::object();
  auto taken = std::move(*found);
  from.erase(found);
  if (taken.is_null()) return json::object();
  if (!taken.is_object()) throw shape_fault{std::string{"its "} + key + " is no object"};
  return taken;
}

std::int64_t integer_of(const json& value, const std::string& name) {
  if (value.is_number_unsigned()
      && value.get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()})
    throw shape_fault{"its value of " + name + " is beyond 64 bits"};
  if (!value.is_number_integer()) throw shape_fault{"its value of " + name + " is no whole number"};
  return value.get<std::int64_t>();
}

/// Takes the member `key` out of `from`, where it is present, and keeps `into` where it is not.
void take(json& from, const char* key, std::int64_t& into) {
  auto found = from.find(key);
  if (found == from.end()) return;
  if (!found->is_null()) into = integer_of(*found, key);
  from.erase(found);
}

void take(json& from, const char* key, std::int32_t& into) {
  std::int64_t wide = into;
  take(from, key, wide);
  if (wide < std::numeric_limits<std::int32_t>::min()
      || wide > std::numeric_limits<std::int32_t>::max())
    throw shape_fault{std::string{"its value of "} + key + " is beyond 32 bits"};
  into = static_cast<std::int32_t>(wide);
}

void take(json& from, const char* key, bool& into) {
  auto found = from.find(key);
  if (found == from.end()) return;
  if (!found->is_null() && !found->is_boolean())
    throw shape_fault{std::string{"its value of "} + key + " is neither true nor false"};
  if (found->is_boolean()) into = found->get<bool>();
  from.erase(found);
}

data_version take_version(json& document) {
  data_version version;
  auto stored = take_object(document, "dataVersion");
  take(stored, "counter", version.counter);
  take(stored, "timestamp", version.timestamp);
  if (!stored.empty()) document["dataVersion"] = std::move(stored); // stateVersion, from 5.0 on
  return version;
}

void put_version(json& document, const data_version& version) {
  auto& to = document["dataVersion"];
  to["counter"] = version.counter;
  to["timestamp"] = version.timestamp;
}

/// The members that `others` kept, if any.
json restore(const std::string& others) {
  auto kept = json::parse(others, nullptr, false);
  return kept.is_object() ? kept : json::object();
}

/// Whatever bytes a name holds, the file stays JSON.
std::string text_of(const json& document) {
  return document.dump(1, '\t', false, json::error_handler_t::replace) + '\n';
}

std::string quoted(const std::string& text) {
  return json(text).dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Keeps of `table`, whose known members were taken out, the entries that still hold something.
json remaining(json table) {
  for (auto entry = table.begin(); entry != table.end();)
    entry = entry->empty() ? table.erase(entry) : std::next(entry);
  return table;
}

/// Runs `read` and turns a fault into an error that names the file and what to do.
template <class Document, class Read>
caf::expected<Document>
read_document(const char* file, Read read,
              const char* advice = "restore it from its .bak or remove it") {
  try {
    return read();
  } catch (const shape_fault& fault) {
    return make_error(errc::store_corrupt, std::string{"config/"} + file + " cannot be read: "
                                             + fault.sentence + "; " + advice);
  }
}

topic_config take_topic(const std::string& name, json& entry) {
  if (!entry.is_object()) throw shape_fault{"its entry of topic " + name + " is no object"};
  topic_config topic;
  topic.topic = {name};
  entry.erase("topicName");
  take(entry, "readQueueNums", topic.read_queues);
  take(entry, "writeQueueNums", topic.write_queues);
  take(entry, "perm", topic.perm);
  take(entry, "topicSysFlag", topic.sys_flag);
  take(entry, "order", topic.order);
  auto attributes = take_object(entry, "attributes");
  for (auto& [key, value] : attributes.items()) {
    if (!value.is_string()) throw shape_fault{"an attribute of topic " + name + " is no text"};
    topic.attributes.emplace(key, value.get<std::string>());
  }
  return topic;
}

group_settings take_group(const std::string& name, json& entry) {
  if (!entry.is_object()) throw shape_fault{"its entry of group " + name + " is no object"};
  group_settings group;
  entry.erase("groupName");
  take(entry, "consumeEnable", group.consume_enable);
  take(entry, "consumeBroadcastEnable", group.consume_broadcast_enable);
  take(entry, "retryQueueNums", group.retry_queues);
  take(entry, "retryMaxTimes", group.retry_times_max);
  return group;
}

/// `<topic>@<group>`; a key that does not have exactly one @ belongs to nobody.
std::optional<group_topic> parse_group_topic(const std::string& key) {
  auto at = key.find('@');
  if (at == std::string::npos || key.find('@', at + 1) != std::string::npos) return std::nullopt;
  return group_topic{{key.substr(0, at)}, {key.substr(at + 1)}};
}

std::map<queue_id, queue_offset> offsets_of(const std::string& key, const json& entry) {
  if (!entry.is_object()) throw shape_fault{"its offsets of " + key + " are no object"};
  std::map<queue_id, queue_offset> offsets;
  for (auto& [queue_text, value] : entry.items()) {
    std::int32_t queue = -1;
    auto end = queue_text.data() + queue_text.size();
    auto [stop, problem] = std::from_chars(queue_text.data(), end, queue);
    if (problem != std::errc{} || stop != end || queue < 0)
      throw shape_fault{"'" + queue_text + "' in the offsets of " + key + " is no queue id"};
    offsets[{queue}] = {integer_of(value, key)};
  }
  return offsets;
}

} // namespace

caf::expected<topics_document> read_topics_json(std::string_view text) {
  return read_document<topics_document>("topics.json", [&] {
    auto source = parse_object(text);
    topics_document document;
    document.version = take_version(source);
    auto table = take_object(source, "topicConfigTable");
    for (auto& [name, entry] : table.items())
      document.topics.emplace(topic_name{name}, take_topic(name, entry));
    source["topicConfigTable"] = remaining(std::move(table));
    document.others = source.dump();
    return document;
  });
}

std::string write_topics_json(const topics_document& document) {
  auto out = restore(document.others);
  put_version(out, document.version);
  auto kept = std::move(out["topicConfigTable"]);
  auto& table = out["topicConfigTable"] = json::object();
  for (const auto& [name, topic] : document.topics) {
    auto entry =
      kept.is_object() && kept.contains(name.value) ? std::move(kept[name.value]) : json::object();
    entry.emplace("topicFilterType", "SINGLE_TAG");
    entry["topicName"] = name.value;
    entry["readQueueNums"] = topic.read_queues;
    entry["writeQueueNums"] = topic.write_queues;
    entry["perm"] = topic.perm;
    entry["topicSysFlag"] = topic.sys_flag;
    entry["order"] = topic.order;
    entry["attributes"] = topic.attributes;
    table[name.value] = std::move(entry);
  }
  return text_of(out);
}

caf::expected<offsets_document> read_offsets_json(std::string_view text) {
  return read_document<offsets_document>("consumerOffset.json", [&] {
    auto source = parse_object(text);
    offsets_document document;
    document.version = take_version(source);
    auto table = take_object(source, "offsetTable");
    for (auto& [key, entry] : table.items())
      if (auto owner = parse_group_topic(key))
        document.offsets.emplace(std::move(*owner), offsets_of(key, entry));
    source.erase("groupTopicMap");
    document.others = source.dump();
    return document;
  });
}

std::string write_offsets_json(const offsets_document& document) {
  auto frame = restore(document.others);
  put_version(frame, document.version);
  // The table is written by hand: with 40,000 queues it is rewritten every 5 s.
  std::string out = "{\n";
  for (auto& [key, value] : frame.items())
    out +=
      '\t' + quoted(key) + ':' + value.dump(-1, ' ', false, json::error_handler_t::replace) + ",\n";
  out += "\t\"offsetTable\":{";
  const char* before_owner = "\n";
  for (const auto& [owner, offsets] : document.offsets) {
    out.append(before_owner).append("\t\t");
    out.append(quoted(owner.topic.value + '@' + owner.group.value)).append(":{");
    const char* before_queue = "";
    for (const auto& [queue, offset] : offsets) {
      out.append(before_queue).append(1, '"').append(std::to_string(queue.value));
      out.append("\":").append(std::to_string(offset.value));
      before_queue = ",";
    }
    out += '}';
    before_owner = ",\n";
  }
  return out + "\n\t}\n}\n";
}

caf::expected<groups_document> read_groups_json(std::string_view text) {
  return read_document<groups_document>("subscriptionGroup.json", [&] {
    auto source = parse_object(text);
    groups_document document;
    document.version = take_version(source);
    auto table = take_object(source, "subscriptionGroupTable");
    for (auto& [name, entry] : table.items())
      document.groups.emplace(group_name{name}, take_group(name, entry));
    source["subscriptionGroupTable"] = remaining(std::move(table));
    document.others = source.dump();
    return document;
  });
}

std::string write_groups_json(const groups_document& document) {
  auto out = restore(document.others);
  put_version(out, document.version);
  auto kept = std::move(out["subscriptionGroupTable"]);
  auto& table = out["subscriptionGroupTable"] = json::object();
  for (const auto& [name, group] : document.groups) {
    auto entry =
      kept.is_object() && kept.contains(name.value) ? std::move(kept[name.value]) : json::object();
    entry["groupName"] = name.value;
    entry["consumeEnable"] = group.consume_enable;
    entry["consumeBroadcastEnable"] = group.consume_broadcast_enable;
    entry["retryQueueNums"] = group.retry_queues;
    entry["retryMaxTimes"] = group.retry_times_max;
    // The settings that a RocketMQ broker reads and this one does not, at RocketMQ's defaults.
    entry.emplace("consumeFromMinEnable", true);
    entry.emplace("brokerId", 0);
    entry.emplace("whichBrokerWhenConsumeSlowly", 1);
    entry.emplace("notifyConsumerIdsChangedEnable", true);
    table[name.value] = std::move(entry);
  }
  return text_of(out);
}

caf::expected<topic_deletions> read_deletions_json(std::string_view text) {
  return read_document<topic_deletions>(
    "deletedTopics.json",
    [&] {
      auto source = parse_object(text);
      topic_deletions deletions;
      auto table = take_object(source, "deletedTopicTable");
      for (auto& [topic, log_end] : table.items())
        deletions.log_ends.emplace(topic, log_position{integer_of(log_end, topic)});
      return deletions;
    },
    "remove it; messages of deleted topics may come back then");
}

std::string write_deletions_json(const topic_deletions& deletions) {
  json out;
  auto& table = out["deletedTopicTable"] = json::object();
  for (const auto& [topic, log_end] : deletions.log_ends)
    table[topic] = log_end.value;
  return text_of(out);
}

} // namespace cafmq
