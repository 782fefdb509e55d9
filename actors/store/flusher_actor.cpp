#include "actors/store/flusher_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/safe_actor.hpp"
#include "actors/store/message_store.hpp"
#include "messages/type_ids.hpp"

namespace cafmq {

namespace {

struct flusher_state {
  static inline const char* name = "flusher";
};

flusher_handle::behavior_type flusher_actor(flusher_handle::stateful_pointer<flusher_state> self) {
  make_safe(self);
  return {
    [](const sync_files& request) -> caf::result<files_synced> {
      if (auto synced = sync(*request.job); !synced) return synced.error();
      return files_synced{};
    },
  };
}

} // namespace

flusher_handle spawn_flusher(caf::actor_system& system, placement where) {
  return where == placement::own_thread ? system.spawn<caf::detached>(flusher_actor)
                                        : system.spawn(flusher_actor);
}

} // namespace cafmq
