#include "messages/errors.hpp"

#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/sec.hpp>

namespace cafmq {

const char* describe(errc code) {
  switch (code) {
    case errc::none: return "no error";
    case errc::system_error: return "something failed inside the broker; its log says what";
    case errc::system_busy:
      return "the broker has reached one of its limits; nothing was stored, try again later";
    case errc::message_illegal: return "the message breaks a size or format limit";
    case errc::service_not_available:
      return "the broker stores nothing now: it is stopping, or its disk is full or failing";
    case errc::no_permission: return "the topic, group or broker does not permit this";
    case errc::topic_not_exist:
      return "the topic does not exist and may not be created by sending to it";
    case errc::topic_exist_already: return "the topic exists already";
    case errc::invalid_parameter: return "a value is malformed or out of range";
    case errc::subscription_not_exist: return "the group has no such subscription";
    case errc::group_not_exist: return "the group does not exist";
    case errc::broker_not_exist: return "the broker is not in the route or cannot be reached";
    case errc::no_name_server: return "no name server answers";
    case errc::request_timeout:
      return "no answer came in time; the request may or may not have been carried out";
    case errc::message_not_found: return "there is no such message";
    case errc::store_corrupt: return "bytes on disk contradict their format";
    case errc::io_error: return "the operating system refused a file or socket operation";
    case errc::store_locked: return "another broker uses this store directory";
    case errc::end_of_segment: return "the record does not fit into the rest of the segment";
    case errc::config_invalid: return "the configuration has faults";
    case errc::client_closed: return "the client or node was closed meanwhile";
    case errc::not_lock_owner: return "the queue lock belongs to another member";
    case errc::compression_failed: return "a body could not be compressed or decompressed";
    case errc::already_member: return "another client holds this client id in the group";
    case errc::subscription_parse_failed: return "the filter expression cannot be read";
  }
  return "an unknown error code";
}

errc code_of(const caf::error& x) {
  if (!x) return errc::none;
  if (x.category() == error_category) return static_cast<errc>(x.code());
  if (x == caf::sec::request_timeout) return errc::request_timeout;
  if (x == caf::sec::request_receiver_down) return errc::client_closed;
  return errc::system_error;
}

std::string sentence(const caf::error& x) {
  auto code = code_of(x);
  if (x && x.category() == error_category && x.context().match_elements<std::string>())
    return x.context().get_as<std::string>(0);
  return describe(code);
}

} // namespace cafmq
