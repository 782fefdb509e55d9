#include <doctest/doctest.h>
#include <future>
#include <thread>

#include "runtime/client/outbox.hpp"

using namespace cafmq;

namespace {

struct fixture {
  int wakes = 0;
  outbox box{{.messages_max = 4, .bytes_max = 100, .block_when_full = false}, [this] { ++wakes; }};

  static auto bytes(std::size_t count, char letter = 'x') {
    return [=](std::vector<std::uint8_t>& drafts) {
      drafts.insert(drafts.end(), count, static_cast<std::uint8_t>(letter));
    };
  }
  outbox::put_result put(std::size_t size, bool holds_room = true, std::string topic = "orders") {
    outgoing send;
    send.holds_room = holds_room;
    return box.put({std::move(topic)}, send, bytes(size));
  }
};

using enum outbox::put_result;

} // namespace

TEST_CASE_FIXTURE(fixture, "outbox: the actor is woken once an accumulation") {
  put(10);
  put(20);
  CHECK(wakes == 1);
  auto runs = box.take();
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].drafts.size() == 30);
  REQUIRE(runs[0].sends.size() == 2);
  CHECK(runs[0].sends[1].bytes == 20);
  CHECK(box.take().empty());
  put(10);
  CHECK(wakes == 2);
}

TEST_CASE_FIXTURE(fixture, "outbox: the sends of a topic stay together and in order") {
  put(1, false, "orders");
  put(2, false, "bills");
  put(3, false, "orders");
  auto runs = box.take();
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].topic.value == "orders");
  CHECK(runs[0].sends[1].bytes == 3);
  for (int i = 0; i < 20; ++i)
    put(1, false, "topic " + std::to_string(i));
  put(1, false, "topic 0"); // too far back: a new run
  CHECK(box.take().size() == 21);
}

TEST_CASE_FIXTURE(fixture, "outbox: without room by count or bytes a send is refused") {
  for (int i = 0; i < 4; ++i)
    CHECK(put(10) == left);
  CHECK(put(10) == full);
  CHECK(put(10, false) == left); // a blocking send holds none
  box.release(1, 10);
  CHECK(put(90) == left);
  box.release(2, 20);
  CHECK(put(1) == full); // 100 bytes are held
  box.release(2, 100);
  CHECK(put(1) == left);
}

TEST_CASE_FIXTURE(fixture, "outbox: a send larger than all room goes when it is alone") {
  CHECK(put(1'000) == left);
  CHECK(put(1) == full);
  box.release(1, 1'000);
  outgoing batch;
  batch.count = 50;
  batch.holds_room = true;
  CHECK(box.put({"orders"}, batch, bytes(10)) == left);
}

TEST_CASE("outbox: a thread without room waits until half of it is free") {
  std::promise<void> woken;
  outbox box{{.messages_max = 2}, [&] { woken.set_value(); }};
  auto put = [&] {
    outgoing send;
    send.holds_room = true;
    return box.put({"orders"}, send, fixture::bytes(1));
  };
  put();
  put();
  std::atomic<bool> went_on{false};
  auto third = std::async(std::launch::async, [&] {
    auto result = put();
    went_on = true;
    return result;
  });
  CHECK_FALSE(went_on);
  box.release(1, 1);
  CHECK(third.get() == left);
}

TEST_CASE_FIXTURE(fixture, "outbox: a callback is never held back, or it would wait for itself") {
  for (int i = 0; i < 4; ++i)
    put(1);
  client_scope scope{client_scope::kind::callback};
  CHECK(client_scope::is_active());
  CHECK(put(1) == left);
}

TEST_CASE("outbox: shutting it frees who waits, and takes nothing more") {
  outbox box{{.messages_max = 1}, [] {}};
  auto put = [&] {
    outgoing send;
    send.holds_room = true;
    return box.put({"orders"}, send, fixture::bytes(1));
  };
  CHECK(put() == left);
  auto waiting = std::async(std::launch::async, put);
  box.shut();
  CHECK(waiting.get() == shut);
  CHECK(put() == shut);
  CHECK(box.take().size() == 1); // what was left before is still taken
  box.release(1, 1);
  box.await_empty();
}
