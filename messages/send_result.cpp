#include "messages/send_result.hpp"

#include "messages/codec/message_id.hpp"

namespace cafmq {

const char* name_of(send_status status) {
  switch (status) {
    case send_status::send_ok: return "SEND_OK";
    case send_status::flush_disk_timeout: return "FLUSH_DISK_TIMEOUT";
    case send_status::flush_slave_timeout: return "FLUSH_SLAVE_TIMEOUT";
    case send_status::slave_not_available: return "SLAVE_NOT_AVAILABLE";
  }
  return "UNKNOWN";
}

std::string send_result::offset_msg_id() const {
  return where_ ? offset_message_id(where_->address, where_->port, position_) : std::string{};
}

const message_queue& send_result::queue() const {
  static const message_queue nowhere;
  return where_ ? where_->queue : nowhere;
}

} // namespace cafmq
