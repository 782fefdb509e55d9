#pragma once

#include <caf/actor_control_block.hpp>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace cafmq {

/// How a role's unexpected end reaches the program that runs the node. Thread-safe.
class failure_report : public std::enable_shared_from_this<failure_report> {
public:
  /// Reports when `role`, an actor of this process, ends; `name` says what it is.
  void watch(const caf::strong_actor_ptr& role, const std::string& name);
  /// From now on ends are wanted, and no failures.
  void expect_end();
  /// `listener` hears of the first failure, at once if there was one.
  void listen(std::function<void(const std::string&)> listener);

private:
  void tell(const std::string& sentence);

  std::mutex mutex_;
  bool end_expected_ = false;
  std::optional<std::string> happened_;
  std::function<void(const std::string&)> listener_;
};

} // namespace cafmq
