#include "runtime/failure_report.hpp"

#include <caf/abstract_actor.hpp>
#include <caf/monitorable_actor.hpp>

#include "actors/log.hpp"
#include "messages/errors.hpp"

namespace cafmq {

void failure_report::watch(const caf::strong_actor_ptr& role, const std::string& name) {
  auto self = shared_from_this();
  role->get()->attach_functor([self, name](const caf::error& reason) {
    self->tell("the " + name + " ended: " + sentence(reason));
  });
}

void failure_report::expect_end() {
  std::lock_guard guard{mutex_};
  end_expected_ = true;
}

void failure_report::listen(std::function<void(const std::string&)> listener) {
  std::lock_guard guard{mutex_};
  listener_ = std::move(listener);
  if (happened_ && listener_) listener_(*happened_);
}

void failure_report::tell(const std::string& sentence) {
  std::lock_guard guard{mutex_};
  if (end_expected_ || happened_) return;
  happened_ = sentence;
  log::error("role-ended", sentence);
  if (listener_) listener_(sentence);
}

} // namespace cafmq
