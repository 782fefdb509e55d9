#pragma once

#include <cstdint>

namespace cafmq {

/// Everything that can go wrong in operation, a sentence each in `describe`. Codes are never reused
/// or renumbered. In brackets the response code that RocketMQ's clients know it by
/// (ResponseCode.java).
enum class errc : std::uint8_t {
  none = 0,
  system_error = 1,    ///< something failed inside the broker [1]
  system_busy = 2,     ///< a limit of the broker is reached; nothing was stored, try again [2]
  message_illegal = 3, ///< the message breaks a size or format limit [13]
  service_not_available =
    4,                 ///< the broker stores nothing now: stopping, disk full or disk error [14]
  no_permission = 5,   ///< topic, group or broker does not allow it [16]
  topic_not_exist = 6, ///< no such topic and it may not be created by sending to it [17]
  topic_exist_already = 7,    ///< create found the topic there [18]
  invalid_parameter = 8,      ///< a value is malformed or out of range [29]
  subscription_not_exist = 9, ///< the member's group has no such subscription [24]
  group_not_exist = 10,       ///< no such consumer group [26]
  broker_not_exist = 11, ///< no such broker in the route, or it cannot be reached [client 10003]
  no_name_server = 12,   ///< no name server answers [client 10004]
  request_timeout =
    13, ///< no answer in time; the request may or may not have been carried out [client 10006]
  message_not_found = 14,         ///< no message at that offset, id or key [22]
  store_corrupt = 15,             ///< bytes on disk contradict their format
  io_error = 16,                  ///< the operating system refused a file or socket operation
  store_locked = 17,              ///< another broker uses the store directory
  end_of_segment = 18,            ///< the record does not fit into the rest of the segment
  config_invalid = 19,            ///< configuration or command line has faults
  client_closed = 20,             ///< the producer, consumer or node was closed meanwhile
  not_lock_owner = 21,            ///< the queue lock belongs to another member
  compression_failed = 22,        ///< a body could not be compressed or decompressed
  already_member = 23,            ///< another client holds this client id in the group
  subscription_parse_failed = 24, ///< the filter expression cannot be read [23]
};

/// The sentence for `code`, without context.
const char* describe(errc code);

} // namespace cafmq
