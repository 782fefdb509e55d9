#pragma once

#include <caf/error.hpp>
#include <caf/exit_reason.hpp>
#include <caf/message.hpp>
#include <caf/result.hpp>
#include <caf/scheduled_actor.hpp>
#include <caf/sec.hpp>

#include "actors/log.hpp"
#include "messages/errors.hpp"

namespace cafmq {

/// First line of every actor. CAF 0.17's defaults end an actor that receives an error or a message
/// it does not know, and any peer can send both; here they are logged and dropped, a request is
/// answered with an error.
template <class Self>
void make_safe(Self* self) {
  self->set_default_handler(
    [](caf::scheduled_actor* who, caf::message_view& what) -> caf::result<caf::message> {
      log::warn("message-dropped", who->name(), " dropped a message of an unknown kind");
      static_cast<void>(what);
      if (who->current_message_id().is_request())
        return caf::make_error(caf::sec::unexpected_message);
      return caf::message{}; // the empty result of a plain send is not sent back
    });
  self->set_error_handler([](caf::scheduled_actor* who, caf::error& what) {
    log::warn("error-dropped", who->name(), " ignored an error message: ", sentence(what));
  });
}

} // namespace cafmq
