#include "actors/metadata_store/metadata_store_actor.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/safe_actor.hpp"
#include "messages/type_ids.hpp"

namespace cafmq::metadata_store {

/// A reminder to itself.
struct write_offsets {};

} // namespace cafmq::metadata_store

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(cafmq::metadata_store::write_offsets)

namespace cafmq {

namespace {

using metadata_store::write_offsets;
using inbox = extended_handle<metadata_store_handle, void(write_offsets)>;

struct metadata_store_state {
  static inline const char* name = "metadata_store";

  metadata_store_parts parts;
  bool offsets_changed = false;
};

using pointer = inbox::stateful_pointer<metadata_store_state>;

caf::expected<void> flush(pointer self) {
  auto& state = self->state;
  if (!state.offsets_changed) return caf::unit;
  auto& parts = state.parts;
  auto written = parts.files.replace(offsets_file, parts.tables.offsets_text(parts.clock()));
  if (written)
    state.offsets_changed = false;
  else
    log::error("offsets-not-saved", "config/", offsets_file,
               " was not written and is tried again: ", sentence(written.error()));
  return written;
}

caf::result<metadata_saved> write_topics(pointer self, const save_topics& all) {
  auto& state = self->state;
  auto& parts = state.parts;
  auto written = parts.files.replace(topics_file, parts.tables.topics_text(all));
  if (!written) return written.error();
  state.offsets_changed |= parts.tables.set_topics(all);
  return metadata_saved{};
}

caf::result<metadata_saved> write_group(pointer self, const group_name& group) {
  auto& parts = self->state.parts;
  if (!parts.tables.add_group(group, parts.clock())) return metadata_saved{};
  auto written = parts.files.replace(groups_file, parts.tables.groups_text());
  if (written) return metadata_saved{};
  parts.tables.remove_group(group);
  return written.error();
}

inbox::behavior_type metadata_store_actor(pointer self, metadata_store_parts parts) {
  make_safe(self);
  self->set_exit_handler([=](caf::exit_msg& message) {
    static_cast<void>(flush(self)); // logs its failure
    self->quit(std::move(message.reason));
  });
  self->state.parts = std::move(parts);
  const auto interval = self->state.parts.flush_interval;
  self->delayed_send(self, interval, write_offsets{});
  return {
    [=](const save_topics& all) { return write_topics(self, all); },
    [=](const save_offsets& changed) {
      self->state.offsets_changed |= self->state.parts.tables.set_offsets(changed);
    },
    [=](const forget_offsets& what) {
      self->state.offsets_changed |= self->state.parts.tables.forget(what);
    },
    [=](const load_offsets& query) -> caf::result<committed_offsets> {
      return committed_offsets{self->state.parts.tables.offsets_of(query.group)};
    },
    [=](const save_group& request) { return write_group(self, request.group); },
    [=](const flush_metadata&) -> caf::result<metadata_saved> {
      auto written = flush(self);
      if (!written) return written.error();
      return metadata_saved{};
    },
    [=](write_offsets) {
      static_cast<void>(flush(self));
      self->delayed_send(self, interval, write_offsets{});
    },
  };
}

} // namespace

metadata_store_handle spawn_metadata_store(caf::actor_system& system, placement where,
                                           metadata_store_parts parts) {
  if (where == placement::own_thread)
    return caf::actor_cast<metadata_store_handle>(
      system.spawn<caf::detached>(metadata_store_actor, std::move(parts)));
  return caf::actor_cast<metadata_store_handle>(
    system.spawn(metadata_store_actor, std::move(parts)));
}

} // namespace cafmq
