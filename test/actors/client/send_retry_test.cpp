#include <doctest/doctest.h>
#include <set>
#include <stdexcept>

#include "actors/client/send_retry.hpp"

using namespace cafmq;

namespace {

topic_view orders() {
  topic_view view;
  view.topic = {"orders"};
  view.addresses[{"a"}] = "10.0.0.1:10911";
  for (int id = 0; id < 4; ++id)
    view.write_queues.push_back({{"orders"}, {"a"}, {id}});
  return view;
}

} // namespace

TEST_CASE("send_retry: which answers lead to a retry in which mode") {
  using enum send_mode;
  struct row {
    errc code;
    bool sync_retries;
    bool async_retries;
  };
  for (auto [code, sync_retries, async_retries] : {
         row{errc::topic_not_exist, true, false}, row{errc::service_not_available, true, false},
         row{errc::system_error, true, false}, row{errc::system_busy, true, false},
         row{errc::no_permission, true, false}, row{errc::message_illegal, false, false},
         row{errc::invalid_parameter, false, false},
         row{errc::client_closed, true, true}, // the receiver is gone: nobody answered
       }) {
    const std::string said = describe(code); // clang 14 captures no structured binding
    CAPTURE(said);
    CHECK(is_retriable_answer(code, sync) == sync_retries);
    CHECK(is_retriable_answer(code, async) == async_retries);
    CHECK_FALSE(is_retriable_answer(code, oneway));
  }
}

TEST_CASE("send_retry: the first attempt counts, and one-way sends have no other") {
  producer_config config;
  config.retry_times_when_send_failed = 5;
  config.retry_times_when_send_async_failed = 1;
  CHECK(attempts_max(send_mode::sync, config) == 6);
  CHECK(attempts_max(send_mode::async, config) == 2);
  CHECK(attempts_max(send_mode::oneway, config) == 1);
}

TEST_CASE("queue_rotation: takes all in turn from its start, and passes over what does not pass") {
  queue_rotation rotation{6};
  auto any = [](std::size_t) { return true; };
  CHECK(rotation.next(4, any) == 2);
  CHECK(rotation.next(4, any) == 3);
  CHECK(rotation.next(4, any) == 0);
  CHECK(rotation.next(4, [](std::size_t i) { return i == 3; }) == 3);
  CHECK(rotation.next(4, any) == 0);
  CHECK_FALSE(rotation.next(4, [](std::size_t) { return false; }));
  CHECK_FALSE(rotation.next(0, any));
  CHECK(rotation.next(4, any) == 1);
}

TEST_CASE("chosen_queue: the Java hash of a key picks a queue, for negative hashes too") {
  auto view = orders();
  // "a".hashCode() is 97, that of "order 7" -1207111707, that of the third -2^31.
  CHECK(chosen_queue({.key = "a"}, view)->id.value == 1);
  CHECK(chosen_queue({.key = "order 7"}, view)->id.value == 3);
  CHECK(chosen_queue({.key = "polygenelubricants"}, view)->id.value == 0);
  CHECK(chosen_queue({.key = ""}, view)->id.value == 0);
}

TEST_CASE("chosen_queue: an own choice is taken as it is, a senseless one refused") {
  auto view = orders();
  message_queue third{{"orders"}, {"a"}, {2}};
  CHECK(*chosen_queue({.queue = third}, view) == third);
  CHECK(*chosen_queue({.selector = [](const auto& queues) { return queues[2]; }}, view) == third);
  auto refusal = [&](queue_choice choice) {
    auto queue = chosen_queue(choice, view);
    return queue ? errc::none : code_of(queue.error());
  };
  CHECK(refusal({.queue = {{"orders"}, {"nowhere"}, {0}}}) == errc::broker_not_exist);
  CHECK(refusal({.queue = {{"other"}, {"a"}, {0}}}) == errc::invalid_parameter);
  CHECK(refusal({.selector = [](const auto&) -> message_queue { throw std::runtime_error("no"); }})
        == errc::invalid_parameter);
  CHECK(refusal({.selector = [](const auto&) -> message_queue { throw 7; }})
        == errc::invalid_parameter);
}
