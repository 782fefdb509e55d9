#include "support/deterministic_system.hpp"

#include <algorithm>

#include "actors/safe_actor.hpp"
#include "messages/register_messages.hpp"

namespace cafmq::test {

namespace {

constexpr wall_time_ms wall_start = 1'704'067'200'000; // 2024-01-01 00:00 UTC

caf::behavior probe_actor(caf::event_based_actor* self,
                          std::shared_ptr<std::vector<caf::message>> notices) {
  make_safe(self);
  self->set_default_handler(
    [notices](caf::scheduled_actor* who, caf::message_view& what) -> caf::result<caf::message> {
      notices->push_back(what.move_content_to_message());
      if (who->current_message_id().is_request())
        return caf::make_error(caf::sec::unexpected_message);
      return caf::message{};
    });
  self->set_down_handler(
    [notices](caf::down_msg& down) { notices->push_back(caf::make_message(std::move(down))); });
  return {[self](const errand& what) { what.run(self); }};
}

} // namespace

bool deterministic_scheduler::step() {
  if (jobs.empty()) return false;
  if (chance_ && jobs.size() > 1) {
    auto drawn = jobs.begin() + static_cast<std::ptrdiff_t>((*chance_)() % jobs.size());
    std::rotate(jobs.begin(), drawn, drawn + 1);
  }
  auto* actor = dynamic_cast<caf::abstract_actor*>(jobs.front());
  trace_ = trace_ * 1'099'511'628'211U + (actor != nullptr ? actor->id() : 0);
  run_once();
  return true;
}

void deterministic_scheduler::enqueue(caf::resumable* job) {
  if (auto* actor = dynamic_cast<caf::abstract_actor*>(job))
    seen_.try_emplace(actor->id(), caf::weak_actor_ptr{actor->ctrl()});
  test_coordinator::enqueue(job);
}

void deterministic_scheduler::kill_all() {
  for (auto& [id, weak] : seen_)
    if (auto strong = caf::actor_cast<caf::strong_actor_ptr>(weak))
      caf::anon_send_exit(caf::actor_cast<caf::actor>(strong), caf::exit_reason::kill);
}

deterministic_system::configuration::configuration() {
  load<deterministic_scheduler>();
  set("logger.inline-output", true);
  register_messages(*this);
}

deterministic_system::deterministic_system(std::optional<std::uint64_t> seed)
    : chance_(std::make_shared<std::mt19937_64>(seed.value_or(0))), system_(configuration_),
      scheduler_(dynamic_cast<deterministic_scheduler&>(system_.scheduler())) {
  if (seed) scheduler_.shuffle(*seed);
  scheduler_.clock().current_time += std::chrono::hours(1); // no clock starts at zero
  start_ = now();
  asker_ = spawn_probe();
}

deterministic_system::~deterministic_system() {
  // Killed actors may still send; a timer that stays would keep CAF's shutdown turning for ever.
  scheduler_.kill_all();
  settle();
  scheduler_.kill_all(); // those that were spawned by a last message
  settle();
  scheduler_.clock().cancel_all();
  asker_ = {};
  settle();
  system_.await_actors_before_shutdown(false);
}

probe deterministic_system::spawn_probe() {
  probe result;
  result.self_ = system_.spawn(probe_actor, result.notices_);
  settle();
  return result;
}

void deterministic_system::settle() {
  while (scheduler_.step()) {
  }
}

void deterministic_system::advance(caf::timespan duration) {
  auto& clock = scheduler_.clock();
  const auto end = clock.current_time + duration;
  settle();
  while (!clock.schedule().empty() && clock.schedule().begin()->first <= end) {
    clock.trigger_timeout(); // jumps to its instant
    settle();
  }
  clock.current_time = end;
}

void deterministic_system::pass_under_way(caf::timespan duration) {
  auto& clock = scheduler_.clock();
  const auto end = clock.current_time + duration;
  while (!clock.schedule().empty() && clock.schedule().begin()->first <= end)
    clock.trigger_timeout();
  clock.current_time = end;
}

wall_time_ms deterministic_system::wall_now() const {
  return wall_start + std::chrono::duration_cast<std::chrono::milliseconds>(now() - start_).count();
}

random_source deterministic_system::random() {
  return [chance = chance_] { return (*chance)(); };
}

} // namespace cafmq::test
