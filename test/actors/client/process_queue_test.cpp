#include <algorithm>
#include <doctest/doctest.h>
#include <random>
#include <set>

#include "actors/client/process_queue.hpp"

using namespace cafmq;

namespace {

/// A run of `count` messages of 10 bytes each; the bytes themselves do not matter here.
record_run run_of(std::int64_t first, std::int32_t count) {
  return {{first}, {first + count - 1}, count, {}, 0, static_cast<std::uint32_t>(count) * 10};
}

} // namespace

TEST_CASE("C5 process_queue: what may be committed is the smallest unfinished offset") {
  process_queue queue{{100}};
  CHECK(queue.committable() == queue_offset{100});
  auto a = queue.add(run_of(100, 10));
  auto b = queue.add(run_of(110, 10));
  auto c = queue.add(run_of(120, 10));
  CHECK(queue.next() == queue_offset{130});
  queue.finish(b);
  CHECK(queue.committable() == queue_offset{100});
  queue.finish(a, {{{103}, 10}, {{107}, 10}});
  CHECK(queue.committable() == queue_offset{103});
  queue.finish(c);
  queue.finish_straggler({103});
  CHECK(queue.committable() == queue_offset{107});
  CHECK(queue.messages() == 1);
  CHECK(queue.bytes() == 10);
  CHECK(queue.span() == 22);
  queue.finish_straggler({107});
  CHECK(queue.empty());
  CHECK(queue.committable() == queue_offset{130});
}

TEST_CASE(
  "C11 process_queue: filtered messages are passed when nothing before them is unfinished") {
  process_queue queue{{0}};
  auto a = queue.add(run_of(3, 2));
  queue.advance({50});
  CHECK(queue.next() == queue_offset{50});
  CHECK(queue.committable() == queue_offset{3});
  queue.finish(a);
  CHECK(queue.committable() == queue_offset{50});
  queue.advance({10});
  CHECK(queue.next() == queue_offset{50});
}

TEST_CASE("process_queue: in order, the head shortens as it is consumed") {
  process_queue queue{{0}};
  auto a = queue.add(run_of(0, 10));
  queue.add(run_of(10, 10));
  CHECK(queue.head() == a);
  auto rest = run_of(4, 6);
  queue.shorten(a, rest);
  CHECK(queue.committable() == queue_offset{4});
  CHECK(queue.messages() == 16);
  CHECK(queue.bytes() == 160);
  queue.finish(a);
  CHECK(queue.find(a) == nullptr);
  CHECK(queue.committable() == queue_offset{10});
}

TEST_CASE("process_queue: pulling pauses by count, bytes and span, each beyond its limit only") {
  process_queue queue{{0}};
  flow_limits limits{.messages = 20, .bytes = 300, .span = 25};
  auto a = queue.add(run_of(0, 20));
  CHECK(queue.permit(limits) == pull_permit::granted);
  queue.add(run_of(20, 1));
  CHECK(queue.permit(limits) == pull_permit::too_many_messages);
  limits.messages = 100;
  CHECK(queue.permit(limits) == pull_permit::granted);
  queue.finish(a, {{{0}, 10}});
  queue.add(run_of(21, 5));
  CHECK(queue.permit(limits) == pull_permit::granted); // span 25
  queue.add(run_of(26, 1));
  CHECK(queue.permit(limits) == pull_permit::span_too_wide);
  limits.span = 0; // orderly
  CHECK(queue.permit(limits) == pull_permit::granted);
  limits.bytes = 79;
  CHECK(queue.permit(limits) == pull_permit::too_many_bytes);
}

TEST_CASE("C5 process_queue: no order of finishing ever lets a commit skip a message") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    CAPTURE(seed);
    std::mt19937_64 chance{seed};
    auto below = [&](std::uint64_t n) { return chance() % n; };
    process_queue queue{{10}};
    std::set<std::int64_t> unfinished; // the model
    std::vector<run_id> open;
    std::vector<std::int64_t> stragglers;
    queue_offset committed{10};
    for (int step = 0; step < 200; ++step) {
      switch (below(4)) {
        case 0: {
          auto first = queue.next().value + static_cast<std::int64_t>(below(3));
          auto count = 1 + static_cast<std::int32_t>(below(5));
          open.push_back(queue.add(run_of(first, count)));
          for (int i = 0; i < count; ++i)
            unfinished.insert(first + i);
          if (below(2) == 0) queue.advance(queue.next() + static_cast<std::int64_t>(below(4)));
          break;
        }
        case 1:
        case 2: {
          if (open.empty()) break;
          auto at = open.begin() + static_cast<std::ptrdiff_t>(below(open.size()));
          auto run = *queue.find(*at);
          std::vector<straggler> failed;
          for (auto offset = run.first; offset <= run.last; offset = offset + 1) {
            if (below(4) == 0) {
              failed.push_back({offset, 10});
              stragglers.push_back(offset.value);
            } else {
              unfinished.erase(offset.value);
            }
          }
          queue.finish(*at, failed);
          open.erase(at);
          break;
        }
        default:
          if (stragglers.empty()) break;
          auto at = stragglers.begin() + static_cast<std::ptrdiff_t>(below(stragglers.size()));
          queue.finish_straggler({*at});
          unfinished.erase(*at);
          stragglers.erase(at);
      }
      auto expected = unfinished.empty() ? queue.next().value : *unfinished.begin();
      CHECK(queue.committable().value == expected);
      CHECK(queue.committable() >= committed);
      CHECK(queue.messages() == static_cast<std::int64_t>(unfinished.size()));
      CHECK(queue.bytes() == 10 * queue.messages());
      committed = queue.committable();
    }
  }
}
