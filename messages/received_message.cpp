#include "messages/received_message.hpp"

#include <cassert>
#include <utility>

#include "messages/codec/compression.hpp"
#include "messages/codec/message_id.hpp"
#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"

namespace cafmq {

struct received_message::unpacked_body {
  std::string text;
  std::string problem;
};

struct received_message::access {
  static record_view record(const received_message& m) {
    auto checked = check_record(m.block_.span().subspan(m.at_));
    assert(checked.kind == record_kind::valid);
    return checked.record;
  }
};

received_message::received_message(byte_block block, std::uint32_t at,
                                   std::shared_ptr<const std::string> broker)
    : block_(std::move(block)), broker_(std::move(broker)), at_(at) {}

const received_message::unpacked_body& received_message::unpacked() const {
  if (!unpacked_) {
    auto record = access::record(*this);
    auto result = decompress(record.body, record.sys_flag, decompressed_bytes_max);
    auto body = std::make_shared<unpacked_body>();
    if (result)
      body->text = std::move(*result);
    else
      body->problem = sentence(result.error());
    unpacked_ = std::move(body);
  }
  return *unpacked_;
}

std::string_view received_message::body() const {
  auto record = access::record(*this);
  return (record.sys_flag & cafmq::sys_flag::compressed) == 0 ? record.body
                                                              : std::string_view{unpacked().text};
}

std::string_view received_message::body_problem() const {
  return (sys_flag() & cafmq::sys_flag::compressed) == 0 ? std::string_view{}
                                                         : std::string_view{unpacked().problem};
}

std::string_view received_message::topic() const {
  auto record = access::record(*this);
  if (!record.topic.starts_with(retry_topic_prefix)) return record.topic;
  auto original = find_property(record.properties, cafmq::property::retry_topic);
  return original.empty() ? record.topic : original;
}

std::string_view received_message::property(std::string_view name) const {
  return find_property(access::record(*this).properties, name);
}

std::map<std::string, std::string, std::less<>> received_message::properties() const {
  return parse_properties(access::record(*this).properties);
}

std::string received_message::msg_id() const {
  auto key = property(cafmq::property::unique_key);
  return key.empty() ? offset_msg_id() : std::string{key};
}

std::string received_message::offset_msg_id() const {
  auto record = access::record(*this);
  return offset_message_id(record.store_host, record.position);
}

std::string received_message::born_host() const {
  return address_text(access::record(*this).born_host.address);
}

const std::string& received_message::broker() const {
  static const std::string unknown;
  return broker_ ? *broker_ : unknown;
}

std::int32_t received_message::queue_id() const { return access::record(*this).queue.value; }
std::int64_t received_message::queue_offset() const { return access::record(*this).offset.value; }
std::int64_t received_message::commit_log_offset() const {
  return access::record(*this).position.value;
}
std::int64_t received_message::born_timestamp() const {
  return access::record(*this).born_timestamp;
}
std::int64_t received_message::store_timestamp() const {
  return access::record(*this).store_timestamp;
}
std::int32_t received_message::flag() const { return access::record(*this).flag; }
std::int32_t received_message::sys_flag() const { return access::record(*this).sys_flag; }
std::int32_t received_message::body_crc() const { return access::record(*this).body_crc; }
std::int32_t received_message::store_size() const { return access::record(*this).size; }
std::int64_t received_message::prepared_transaction_offset() const {
  return access::record(*this).prepared_transaction_offset;
}
std::int32_t received_message::stored_reconsume_times() const {
  return access::record(*this).reconsume_times;
}

} // namespace cafmq
