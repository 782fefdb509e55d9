#include <array>
#include <doctest/doctest.h>
#include <random>
#include <string>

#include "actors/consumer_group/queue_handover.hpp"

using namespace std::chrono_literals;

namespace cafmq {
namespace {

using time_point = queue_handover::time_point;
using news = queue_handover::news;
using queues = std::vector<local_queue>;
using farewell = queue_handover::farewell;

constexpr time_point start{};
const client_id a{"a"};
const client_id b{"b"};
const client_id c{"c"};
const local_queue q0{{"orders"}, {0}};
const local_queue q1{{"orders"}, {1}};

struct fixture {
  queue_handover handover{20s, 1'000};
  queues of(const client_id& client) const { return handover.assignment_of(client).queues; }
};

TEST_CASE_FIXTURE(fixture, "queue_handover: free queues are given at once, and everybody is told") {
  CHECK(handover.want({a, b}, {{q0, a}, {q1, a}}, start) == news{a, b});
  CHECK(of(a) == queues{q0, q1});
  CHECK(of(b).empty());
  CHECK(handover.assignment_of(b).revision > 1'000); // told that it has none
  CHECK(handover.want({a, b}, {{q0, a}, {q1, a}}, start).empty());
}

TEST_CASE_FIXTURE(fixture, "C2 queue_handover: a queue moves only after its owner released it") {
  handover.want({a}, {{q0, a}, {q1, a}}, start);
  CHECK(handover.want({a, b}, {{q0, a}, {q1, b}}, start) == news{a, b});
  CHECK(of(a) == queues{q0});
  CHECK(of(b).empty());
  CHECK(handover.owner_of(q1) == a);
  CHECK(handover.release(b, {q1}).empty()); // not b's to release
  CHECK(handover.release(a, {q0}).empty()); // nobody asked
  CHECK(handover.release(a, {q1}) == news{b});
  CHECK(of(b) == queues{q1});
}

TEST_CASE_FIXTURE(fixture,
                  "queue_handover: a queue that is wanted back waits for the release too") {
  handover.want({a}, {{q0, a}}, start);
  handover.want({a, b}, {{q0, b}}, start);
  CHECK(handover.want({a, b}, {{q0, a}}, start).empty()); // b is gone meanwhile, say
  CHECK(of(a).empty());
  CHECK(handover.release(a, {q0}) == news{a});
  CHECK(of(a) == queues{q0});
}

TEST_CASE_FIXTURE(fixture, "C15 queue_handover: a leaving member's queues are given at once") {
  handover.want({a, b}, {{q0, a}, {q1, b}}, start);
  handover.remove(a, farewell::left);
  CHECK(handover.want({b}, {{q0, b}, {q1, b}}, start) == news{b});
  CHECK(of(b) == queues{q0, q1});
  CHECK(handover.assignment_of(a).revision == 0);
}

TEST_CASE_FIXTURE(fixture, "C15 queue_handover: death in the middle of a hand-over ends it") {
  handover.want({a}, {{q0, a}}, start);
  handover.want({a, b}, {{q0, b}}, start);
  handover.remove(a, farewell::silent);
  CHECK(handover.want({b}, {{q0, b}}, start) == news{b});
  CHECK(of(b) == queues{q0});
  CHECK_FALSE(handover.next_deadline());
}

TEST_CASE_FIXTURE(fixture, "queue_handover: a queue that is not released in time is taken") {
  handover.want({a}, {{q0, a}}, start);
  handover.want({a, b}, {{q0, b}}, start + 1s);
  CHECK(*handover.next_deadline() == start + 21s);
  CHECK(handover.expire(start + 20'999ms).empty());
  CHECK(handover.expire(start + 21s) == news{b});
  CHECK(of(b) == queues{q0});
  CHECK_FALSE(handover.next_deadline());
  CHECK(handover.release(a, {q0}).empty()); // too late
}

TEST_CASE_FIXTURE(fixture, "C4 queue_handover: what an evicted member commits late is void") {
  handover.want({a}, {{q0, a}, {q1, a}}, start);
  handover.want({a, b}, {{q0, b}, {q1, a}}, start);
  CHECK(handover.may_commit(a, q0)); // it stops, and commits
  handover.expire(start + 20s);
  CHECK_FALSE(handover.may_commit(a, q0));
  CHECK(handover.may_commit(a, q1));
  CHECK(handover.may_commit(b, q0));
  CHECK(handover.may_commit({}, q0)); // a tool may always
  handover.want({a, b}, {{q0, a}, {q1, a}}, start + 20s);
  CHECK_FALSE(handover.may_commit(a, q0)); // not yet
  handover.release(b, {q0});
  CHECK(handover.may_commit(a, q0));
}

TEST_CASE_FIXTURE(fixture,
                  "C4 queue_handover: who lost a queue sets nobody back who had it afterwards") {
  handover.want({a}, {{q0, a}}, start);
  handover.remove(a, farewell::silent);
  handover.want({}, {}, start); // nobody is left
  CHECK_FALSE(handover.may_commit(a, q0));
  handover.want({b}, {{q0, b}}, start);
  CHECK_FALSE(handover.may_commit(a, q0));
  handover.remove(b, farewell::silent); // as a was
  handover.want({c}, {{q0, c}}, start);
  CHECK_FALSE(handover.may_commit(a, q0));
  CHECK_FALSE(handover.may_commit(b, q0));
  CHECK(handover.may_commit(c, q0));
  handover.remove(c, farewell::left);
  handover.want({}, {}, start);
  CHECK_FALSE(handover.may_commit(a, q0));
  CHECK_FALSE(handover.may_commit(b, q0));
  CHECK(handover.may_commit({"d"}, q0)); // it lost nothing
}

TEST_CASE_FIXTURE(fixture, "queue_handover: it remembers so many evictions and no more") {
  std::map<local_queue, client_id> owners;
  for (std::int32_t i = 0; i <= static_cast<std::int32_t>(queue_handover::evictions_max); ++i)
    owners[{{"orders"}, {i}}] = a;
  handover.want({a}, owners, start);
  handover.remove(a, farewell::silent);
  CHECK(handover.may_commit(a, q0)); // the oldest
  CHECK_FALSE(handover.may_commit(a, q1));
}

TEST_CASE_FIXTURE(fixture,
                  "queue_handover: what an owner commits for a topic that was deleted is void") {
  const local_queue other{{"bills"}, {0}};
  handover.want({a}, {{q0, a}, {other, a}}, start);
  CHECK(handover.forget({"orders"}, start) == news{a});
  CHECK(of(a) == queues{other});
  CHECK_FALSE(handover.may_commit(a, q0));
  CHECK(handover.may_commit(a, other));
  CHECK(handover.may_commit({}, q0));
  CHECK(handover.want({a}, {{q0, a}, {other, a}}, start).empty()); // made again, and a is at work
  CHECK_FALSE(handover.may_commit(a, q0));
  CHECK(handover.release(a, {q0}) == news{a});
  CHECK(handover.may_commit(a, q0));
}

TEST_CASE_FIXTURE(fixture,
                  "queue_handover: a queue that nobody shall have is taken, then forgotten") {
  handover.want({a}, {{q0, a}, {q1, a}}, start);
  CHECK(handover.want({a}, {{q1, a}}, start) == news{a});
  CHECK(of(a) == queues{q1});
  CHECK(handover.owner_of(q0) == a);
  CHECK(handover.release(a, {q0}).empty());
  CHECK(handover.owner_of(q0) == client_id{});
}

TEST_CASE_FIXTURE(fixture, "queue_handover: who stops sharing gives back like anybody else") {
  handover.want({a, b}, {{q0, a}, {q1, b}}, start);
  CHECK(handover.want({b}, {{q0, b}, {q1, b}}, start) == news{a});
  CHECK(of(a).empty());
  CHECK(handover.release(a, {q0}) == news{b});
}

/// Members that obey: what a member was assigned it holds until it is told otherwise and has
/// released it. Judges that no two hold one queue, unless it was taken from one by force.
class obedient_group {
public:
  static constexpr int operations = 14;

  void apply(int operation) {
    if (operation == 12) return expire();
    if (operation == 13) return forget();
    auto& who = members_[static_cast<std::size_t>(operation % 3)];
    switch (operation / 3) {
      case 0: join(who); break;
      case 1: go(who, farewell::left); break;
      case 2: go(who, farewell::silent); break;
      default: release(who); break;
    }
  }

  /// All members do as they are told, until nothing more happens.
  void settle() {
    for (int round = 0; round < 3; ++round)
      for (auto& who : members_)
        release(who);
    auto wanted = allocation();
    for (const auto& [queue, owner] : wanted)
      REQUIRE(handover_.owner_of(queue) == owner);
    REQUIRE_FALSE(handover_.next_deadline());
    for (const auto& who : members_)
      for (const auto& queue : who.held)
        REQUIRE(wanted.at(queue) == who.client);
  }

private:
  struct member {
    client_id client;
    bool is_in = false;
    std::int64_t revision = 0;
    std::set<local_queue> assigned;
    std::set<local_queue> held;
  };

  std::map<local_queue, client_id> allocation() const {
    std::map<local_queue, client_id> result;
    auto sharers = in();
    if (sharers.empty()) return result;
    for (std::int32_t i = 0; i < 3; ++i)
      result[{{"orders"}, {i}}] = sharers[static_cast<std::size_t>(i) % sharers.size()];
    return result;
  }
  std::vector<client_id> in() const {
    std::vector<client_id> result;
    for (const auto& who : members_)
      if (who.is_in) result.push_back(who.client);
    return result;
  }
  void hear(const news& told) {
    for (const auto& client : told) {
      auto assigned = handover_.assignment_of(client);
      for (auto& who : members_) {
        if (who.client != client) continue;
        REQUIRE(who.is_in);
        REQUIRE(assigned.revision > who.revision);
        who.revision = assigned.revision;
        who.assigned = {assigned.queues.begin(), assigned.queues.end()};
        who.held.insert(who.assigned.begin(), who.assigned.end());
      }
    }
    std::map<local_queue, int> holders;
    for (const auto& who : members_)
      for (const auto& queue : who.held)
        REQUIRE(++holders[queue] == 1);
    for (const auto& who : members_)
      if (who.is_in) REQUIRE(handover_.assignment_of(who.client).revision == who.revision);
  }
  void share_out() { hear(handover_.want(in(), allocation(), now_)); }
  void join(member& who) {
    who.is_in = true;
    share_out();
  }
  void go(member& who, farewell how) {
    if (!who.is_in) return;
    handover_.remove(who.client, how);
    who.is_in = false;
    who.held.clear();
    who.assigned.clear();
    share_out();
  }
  void release(member& who) {
    queues given;
    for (const auto& queue : who.held)
      if (!who.assigned.contains(queue)) given.push_back(queue);
    for (const auto& queue : given)
      who.held.erase(queue);
    hear(handover_.release(who.client, given));
  }
  void expire() {
    now_ += 20s;
    for (auto& who : members_) // by force: it cannot go on, since it holds no pull and no lock
      who.held = who.assigned;
    hear(handover_.expire(now_));
  }
  /// The topic is deleted, and at once made again.
  void forget() {
    hear(handover_.forget({"orders"}, now_));
    share_out();
  }

  queue_handover handover_{20s, 0};
  time_point now_{};
  std::array<member, 3> members_{member{{"a"}, false, 0, {}, {}}, member{{"b"}, false, 0, {}, {}},
                                 member{{"c"}, false, 0, {}, {}}};
};

void explore(const obedient_group& group, int depth) {
  auto end = group;
  end.settle();
  if (depth == 0) return;
  for (int operation = 0; operation < obedient_group::operations; ++operation) {
    auto next = group;
    next.apply(operation);
    explore(next, depth - 1);
  }
}

TEST_CASE("C2 queue_handover: no two members ever hold one queue, in all orders of four events") {
  explore({}, 4);
}

TEST_CASE("C1 queue_handover: after any history every queue finds its owner") {
  for (std::uint32_t seed = 0; seed < 200; ++seed) {
    CAPTURE(seed);
    std::mt19937 chance{seed};
    obedient_group group;
    for (int step = 0; step < 60; ++step)
      group.apply(static_cast<int>(chance() % obedient_group::operations));
    group.settle();
  }
}

} // namespace
} // namespace cafmq
