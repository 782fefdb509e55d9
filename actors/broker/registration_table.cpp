#include "actors/broker/registration_table.hpp"

#include <algorithm>

namespace cafmq {

namespace {

constexpr std::chrono::milliseconds back_off_first{1'000};

/// An announcement not answered by then has failed (RocketMQ: registerBrokerTimeoutMills).
constexpr std::chrono::milliseconds answer_timeout{24'000};

} // namespace

registration_table::registration_table(const std::vector<std::string>& addresses,
                                       std::chrono::milliseconds period)
    : period_(period) {
  for (const auto& address : addresses)
    if (find(address) == nullptr) {
      relations_.emplace_back();
      relations_.back().address = address;
    }
}

registration_table::effects registration_table::tick(time_point now) {
  effects result;
  for (auto& one : relations_) {
    if (one.asked && now - *one.asked >= answer_timeout) {
      result.push_back(drop_name_server{one.address});
      lost(one.address, now);
    }
    if (now < one.due) continue;
    if (one.now == phase::away) {
      one.now = phase::dialling;
      result.push_back(dial_name_server{one.address});
    } else if (one.now == phase::linked && !one.asked) {
      announce(one, now, result);
    }
  }
  return result;
}

registration_table::effects registration_table::linked(const std::string& address, time_point now) {
  effects result;
  if (auto* one = find(address)) {
    one->now = phase::linked;
    announce(*one, now, result);
  }
  return result;
}

void registration_table::lost(const std::string& address, time_point now) {
  auto* one = find(address);
  if (one == nullptr) return;
  one->now = phase::away;
  one->asked.reset();
  one->back_off = std::min(period_, std::max(back_off_first, one->back_off * 2));
  one->due = now + one->back_off;
}

registration_table::effects registration_table::answered(const std::string& address,
                                                         time_point now) {
  effects result;
  auto* one = find(address);
  if (one == nullptr || !one->asked) return result;
  one->asked.reset();
  one->back_off = std::chrono::milliseconds{0};
  if (one->is_stale) announce(*one, now, result);
  return result;
}

registration_table::effects registration_table::topics_changed(time_point now) {
  effects result;
  for (auto& one : relations_) {
    if (one.now != phase::linked) continue; // it will get everything with its link
    if (one.asked)
      one.is_stale = true;
    else
      announce(one, now, result);
  }
  return result;
}

std::vector<std::string> registration_table::links() const {
  std::vector<std::string> result;
  for (const auto& one : relations_)
    if (one.now == phase::linked) result.push_back(one.address);
  return result;
}

registration_table::relation* registration_table::find(const std::string& address) {
  auto found = std::find_if(relations_.begin(), relations_.end(),
                            [&](const auto& one) { return one.address == address; });
  return found == relations_.end() ? nullptr : &*found;
}

void registration_table::announce(relation& one, time_point now, effects& result) {
  one.asked = now;
  one.is_stale = false;
  one.due = now + period_;
  result.push_back(announce_broker{one.address});
}

} // namespace cafmq
