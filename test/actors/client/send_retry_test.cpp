#include <doctest/doctest.h>

#include "actors/client/send_retry.hpp"

using namespace cafmq;

TEST_CASE("send_retry: sync sends are tried again on RocketMQ's codes, async and one-way on none") {
  for (auto code : {errc::topic_not_exist, errc::service_not_available, errc::system_error,
                    errc::system_busy, errc::no_permission}) {
    CHECK(is_retriable_answer(code, send_mode::sync));
    CHECK_FALSE(is_retriable_answer(code, send_mode::async));
    CHECK_FALSE(is_retriable_answer(code, send_mode::oneway));
  }
  CHECK_FALSE(is_retriable_answer(errc::message_illegal, send_mode::sync));
  CHECK_FALSE(is_retriable_answer(errc::invalid_parameter, send_mode::sync));
}

TEST_CASE("send_retry: queues come in turn; an avoided broker only when no other is linked") {
  topic_view view;
  for (const auto* broker : {"a", "b"})
    for (int id = 0; id < 2; ++id)
      view.write_queues.push_back({{"t"}, {broker}, {id}});
  view.brokers[{"a"}] = broker_handle{};
  view.brokers[{"b"}] = broker_handle{};
  queue_rotation rotation;
  std::vector<std::string> taken;
  for (int i = 0; i < 4; ++i) {
    auto queue = rotation.next(view, {});
    REQUIRE(queue);
    taken.push_back(queue->broker.value + std::to_string(queue->id.value));
  }
  CHECK(taken == std::vector<std::string>{"a0", "a1", "b0", "b1"});
  for (int i = 0; i < 6; ++i)
    CHECK(rotation.next(view, {"a"})->broker.value == "b");
  view.brokers.erase({"b"});
  for (int i = 0; i < 6; ++i)
    CHECK(rotation.next(view, {"a"})->broker.value == "a");
  view.brokers.clear();
  CHECK_FALSE(rotation.next(view, {}));
}
