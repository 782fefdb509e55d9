#include "messages/register_messages.hpp"

#include <caf/actor_system_config.hpp>

#include "messages/errors.hpp"
#include "messages/type_ids.hpp"

namespace cafmq {

void register_messages(caf::actor_system_config& config) {
  config.add_message_types<caf::id_block::cafmq>();
  config.add_error_category(error_category,
                            [](std::uint8_t code, caf::atom_value, const caf::message& context) {
                              return sentence(caf::error{code, error_category, context});
                            });
}

} // namespace cafmq
