#include <atomic>
#include <doctest/doctest.h>
#include <thread>
#include <vector>

#include "runtime/client/wake_chain.hpp"

using namespace cafmq;

TEST_CASE("wake_chain: every waiter is woken, whoever comes first, and may take its event along") {
  for (std::size_t count : {1, 2, 16, 17, 50}) {
    CAPTURE(count);
    std::atomic<std::size_t> woken{0};
    std::vector<std::thread> threads;
    std::vector<std::atomic<one_shot_event*>> events(count);
    for (std::size_t i = 0; i < count; ++i)
      threads.emplace_back([&, i] {
        one_shot_event own;
        events[i] = &own;
        own.wait();
        ++woken;
      });
    wake_chain chain;
    for (auto& event : events) {
      while (event == nullptr)
        std::this_thread::yield();
      chain.add(*event);
    }
    chain.pull();
    for (auto& thread : threads)
      thread.join();
    CHECK(woken == count);
    chain.pull(); // holds nobody any more
  }
}
