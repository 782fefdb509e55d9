#include "actors/store/cold_reader_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include "actors/safe_actor.hpp"
#include "messages/type_ids.hpp"

namespace cafmq {

namespace {

template <class T>
caf::result<T> reply(caf::expected<T> answer) {
  if (!answer) return answer.error();
  return std::move(*answer);
}

struct cold_reader_state {
  static inline const char* name = "cold_reader";
};

cold_reader_handle::behavior_type
cold_reader_actor(cold_reader_handle::stateful_pointer<cold_reader_state> self,
                  const std::shared_ptr<const store_view>& view) {
  make_safe(self);
  return {
    [=](const pull_messages& pull) { return reply(view->read(pull)); },
    [=](const get_queue_bounds& question) {
      return view->bounds({question.topic, question.queue});
    },
    [=](const search_offset& question) {
      return found_offset{
        view->search({question.topic, question.queue}, question.timestamp, question.boundary)};
    },
    [=](const view_message& question) { return reply(view->view_message(question.position)); },
    [=](const query_messages& question) { return reply(view->query(question)); },
  };
}

} // namespace

cold_reader_handle spawn_cold_reader(caf::actor_system& system, placement where,
                                     std::shared_ptr<const store_view> view) {
  return where == placement::own_thread
           ? system.spawn<caf::detached>(cold_reader_actor, std::move(view))
           : system.spawn(cold_reader_actor, std::move(view));
}

} // namespace cafmq
