#include "actors/client/queue_consumer.hpp"

#include <algorithm>
#include <cassert>

#include "actors/client/record_runs.hpp"

namespace cafmq {

namespace {

using namespace std::chrono_literals;

// Waits before the next pull (RocketMQ: DefaultMQPushConsumerImpl).
constexpr auto wait_after_error = 3'000ms;
constexpr auto wait_when_busy = 20ms;
/// A broker that answers an empty pull without holding it is not asked more often than this.
constexpr auto wait_after_empty = 50ms;
/// What a pull asks for at least when answers do not come in time.
constexpr std::int32_t slow_pull_bytes = 4 * 1024;

std::string name_of(const message_queue& queue) {
  return "queue " + std::to_string(queue.id.value) + " of topic " + queue.topic.value
         + " on broker " + queue.broker.value;
}

} // namespace

queue_consumer::queue_consumer(consumer_context& context, message_queue queue,
                               subscription_expression wanted)
    : context_(context), queue_(std::move(queue)), wanted_(std::move(wanted)),
      filter_(wanted_.filter()),
      retry_({context.config.local_retry_backoff, context.config.local_retry_backoff_max}),
      pull_bytes_(context.config.pull_batch_bytes), lease_(context.config.lock_expiry) {}

queue_consumer::~queue_consumer() { context_.bytes -= accounted_; }

void queue_consumer::start(queue_offset committed, committed_offset knowledge, time_point now,
                           consumer_effects& out) {
  assert(under_way_ == 0);
  leaving_ = false;
  known_commit_ = std::max(known_commit_, committed);
  begin(committed, knowledge, now, out);
}

void queue_consumer::begin(queue_offset committed, committed_offset knowledge, time_point now,
                           consumer_effects& out) {
  schedule_.forget();
  drop_fetched(messages_.committable());
  token_ = {};
  head_under_way_ = false;
  head_failures_ = 0;
  head_not_before_ = {};
  start_at_ = committed;
  knowledge_ = knowledge;
  if (context_.needs_locks() && !lease_.held(now)) {
    stage_ = queue_stage::locking;
    return;
  }
  stage_ = queue_stage::locating;
  locate(now, out);
}

void queue_consumer::locate(time_point now, consumer_effects& out) {
  if (start_at_.value >= 0) return run_from(start_at_, now, out);
  if (!linked_ || !schedule_.may_ask(now)) return;
  if (knowledge_ == committed_offset::ask)
    return ask(fetch_offsets{{context_.config.consumer_group}, {{queue_.topic, queue_.id}}},
               context_.request_limit, now, out);
  if (question_of(context_.start, queue_.topic) == start_question::time)
    ask(search_offset{queue_.topic, queue_.id, context_.start.timestamp, time_boundary::lower},
        context_.request_limit, now, out);
  else
    ask(get_queue_bounds{queue_.topic, queue_.id}, context_.request_limit, now, out);
}

void queue_consumer::choose(queue_offset start, time_point now, consumer_effects& out) {
  start = std::max(start_at_, start);
  chosen_start_ = start;
  run_from(start, now, out);
}

void queue_consumer::run_from(queue_offset start, time_point now, consumer_effects& out) {
  stage_ = queue_stage::running;
  located_ = true;
  drop_fetched(start);
  pull(now, out);
}

/// What is fetched counts against the limit of all queues, so none may hold what it cannot consume.
void queue_consumer::drop_fetched(queue_offset next) {
  messages_ = process_queue{next};
  retry_ =
    local_retry{{context_.config.local_retry_backoff, context_.config.local_retry_backoff_max}};
  account();
}

void queue_consumer::link(bool up, time_point now, consumer_effects& out) {
  linked_ = up;
  schedule_.forget();
  schedule_.postpone({});
  if (!up) {
    // The broker frees our locks when it sees the link go, so they cannot be believed in.
    if (!context_.needs_locks()) return;
    lease_.refused();
    if (stage_ == queue_stage::running) restart(no_offset, now, out);
    return;
  }
  if (stage_ == queue_stage::locating) locate(now, out);
  pull(now, out);
}

void queue_consumer::keep(queue_offset committed, time_point now, consumer_effects& out) {
  arrived_commit_ = committed;
  if (committed <= known_commit_) return;
  known_commit_ = committed;
  if (stage_ == queue_stage::running && committed > messages_.committable()) {
    out.push_back(report{"queue-moved", name_of(queue_) + " was consumed by another member up to "
                                          + std::to_string(committed.value)});
    restart(committed, now, out);
  } else if (stage_ == queue_stage::locking || stage_ == queue_stage::locating) {
    start_at_ = std::max(start_at_, committed);
  }
}

void queue_consumer::lock(bool granted, time_point asked, time_point now, consumer_effects& out) {
  if (!granted) {
    lease_.refused();
    if (stage_ == queue_stage::running) token_.revoke();
    return;
  }
  bool unbroken = lease_.granted(asked);
  if (stage_ == queue_stage::locking) {
    stage_ = queue_stage::locating;
    return locate(now, out);
  }
  if (stage_ != queue_stage::running) return;
  // Whoever had the queue meanwhile has committed its progress.
  if (!unbroken) return restart(no_offset, now, out);
  if (token_.revoked()) token_ = {};
  deliver_head(now, out);
  pull(now, out);
}

void queue_consumer::ask(queue_request request, std::chrono::milliseconds limit, time_point now,
                         consumer_effects& out) {
  auto ticket = ++context_.last_ticket;
  schedule_.ask(ticket, now, limit);
  out.push_back(ask_about_queue{queue_, ticket, std::move(request)});
}

void queue_consumer::answer(std::int64_t ticket, const queue_bounds& bounds, time_point now,
                            consumer_effects& out) {
  if (!schedule_.answered(ticket) || stage_ != queue_stage::locating) return;
  choose(start_offset(context_.start, queue_.topic, bounds), now, out);
}

void queue_consumer::answer(std::int64_t ticket, const found_offset& found, time_point now,
                            consumer_effects& out) {
  if (!schedule_.answered(ticket) || stage_ != queue_stage::locating) return;
  choose(found.offset, now, out);
}

void queue_consumer::answer(std::int64_t ticket, const committed_offsets& committed, time_point now,
                            consumer_effects& out) {
  if (!schedule_.answered(ticket) || stage_ != queue_stage::locating) return;
  knowledge_ = committed_offset::known;
  if (!committed.positions.empty()) {
    const auto told = committed.positions.front().offset;
    // What we know of already may be from before a seek of ours.
    start_at_ = located_ && told <= known_commit_ ? messages_.committable() : told;
    commit_sent(told);
    commit_arrived(told);
  }
  // Our own progress may not have been committed; what another member committed may be beyond it.
  if (located_) start_at_ = std::max(start_at_, messages_.committable());
  locate(now, out);
}

void queue_consumer::answer(std::int64_t ticket, const pulled_messages& pulled, time_point now,
                            consumer_effects& out) {
  if (!schedule_.answered(ticket) || stage_ != queue_stage::running) return;
  switch (pulled.status) {
    case pull_status::found: return take(pulled, now, out);
    case pull_status::offset_illegal: return correct(pulled.next, now, out);
    case pull_status::no_new_message:
    case pull_status::no_matched_message: break;
  }
  bool moved = pulled.next > messages_.next();
  messages_.advance(pulled.next);
  if (!moved && schedule_.since_asked(now) < wait_after_empty)
    schedule_.postpone(now + wait_after_empty);
  pull(now, out);
}

void queue_consumer::fail(std::int64_t ticket, errc code, time_point now, consumer_effects& out) {
  if (!schedule_.answered(ticket)) return;
  schedule_.postpone(now + (code == errc::system_busy ? wait_when_busy : wait_after_error));
  if (code != errc::system_busy)
    out.push_back(report{"pull-failed", name_of(queue_) + ": " + describe(code)});
}

void queue_consumer::take(const pulled_messages& pulled, time_point now, consumer_effects& out) {
  pull_bytes_ = static_cast<std::int32_t>(
    std::min<std::int64_t>(pull_bytes_ * std::int64_t{2}, context_.config.pull_batch_bytes));
  auto messages_max = context_.sizing.run_messages(pulled.count, context_.config.orderly);
  auto runs = cut_runs(pulled.records, messages_.next(), messages_max);
  if (!runs) {
    schedule_.postpone(now + wait_after_error);
    out.push_back(report{"pull-corrupt", name_of(queue_) + ": " + sentence(runs.error())});
    return;
  }
  if (runs->empty() && pulled.next <= messages_.next()) schedule_.postpone(now + wait_after_empty);
  std::vector<run_id> added;
  for (auto& run : *runs)
    added.push_back(messages_.add(std::move(run)));
  messages_.advance(pulled.next);
  account();
  pull(now, out); // first, so that the broker works while the listener does
  if (context_.config.orderly) return deliver_head(now, out);
  for (auto id : added)
    deliver(id, 0, out);
}

/// The asked offset is outside the queue. Behind its beginning: retention was faster, what is
/// fetched stays good. Beyond its end: the broker has lost messages or was set back.
void queue_consumer::correct(queue_offset next, time_point now, consumer_effects& out) {
  out.push_back(report{"offset-corrected", name_of(queue_) + ": from "
                                             + std::to_string(messages_.next().value) + " to "
                                             + std::to_string(next.value)});
  if (next < messages_.next()) return restart(next, now, out);
  if (next == messages_.next()) schedule_.postpone(now + wait_after_error);
  messages_.advance(next);
  pull(now, out);
}

void queue_consumer::pull(time_point now, consumer_effects& out) {
  if (stage_ != queue_stage::running || leaving_ || !linked_ || context_.suspended) return;
  if (!schedule_.may_ask(now) || context_.over_total() || !may_consume(now)) return;
  const auto& config = context_.config;
  auto permit =
    messages_.permit({config.pull_threshold_for_queue, config.pull_threshold_size_for_queue,
                      config.orderly ? 0 : config.consume_concurrently_max_span});
  if (permit == pull_permit::span_too_wide && last_permit_ != permit)
    out.push_back(report{"pull-held", name_of(queue_) + ": offset "
                                        + std::to_string(messages_.committable().value)
                                        + " is unfinished, so no newer messages are fetched"});
  last_permit_ = permit;
  if (permit != pull_permit::granted) return;
  ask(pull_messages{{config.consumer_group},
                    context_.client,
                    queue_.topic,
                    queue_.id,
                    messages_.next(),
                    config.pull_batch_size,
                    pull_bytes_,
                    config.pull_suspend,
                    filter_,
                    context_.broadcasting()},
      config.pull_timeout, now, out);
}

bool queue_consumer::may_consume(time_point now) const {
  return !context_.needs_locks() || lease_.held(now);
}

consume_batch queue_consumer::prepare(delivery what, record_run run) {
  delivery_id id{++context_.last_delivery};
  ++under_way_;
  what.queue = this;
  what.count = run.count;
  context_.deliveries.emplace(id, what);
  consume_batch batch;
  batch.delivery = id;
  batch.queue = queue_;
  batch.count = run.count;
  batch.in_order = context_.config.orderly;
  batch.tags = wanted_.tags();
  batch.records = std::move(run.records);
  batch.begin = run.begin;
  batch.end = run.end;
  batch.wanted = token_;
  return batch;
}

void queue_consumer::deliver(run_id id, std::int32_t failures, consumer_effects& out) {
  auto batch = prepare({.run = id}, *messages_.find(id));
  batch.reconsume_times = failures;
  out.push_back(deliver_batch{std::move(batch)});
}

void queue_consumer::deliver_head(time_point now, consumer_effects& out) {
  if (!context_.config.orderly || stage_ != queue_stage::running || leaving_ || head_under_way_)
    return;
  if (messages_.empty() || now < head_not_before_ || !may_consume(now)) return;
  head_under_way_ = true;
  deliver(messages_.head(), head_failures_, out);
}

void queue_consumer::redeliver(time_point now, consumer_effects& out) {
  if (stage_ != queue_stage::running || leaving_) return;
  for (auto offset : retry_.take_due(now)) {
    const auto& message = retry_.at(offset);
    auto size = static_cast<std::uint32_t>(message.record.size());
    auto batch =
      prepare({.run = {}, .redelivered = offset}, {offset, offset, 1, message.record, 0, size});
    batch.reconsume_times = message.failures;
    out.push_back(deliver_batch{std::move(batch)});
  }
}

void queue_consumer::consumed(const delivery& what, const consume_result& result, time_point now,
                              consumer_effects& out) {
  --under_way_;
  if (what.redelivered)
    finish_redelivery(what, result, now);
  else if (context_.config.orderly)
    finish_in_order(what, result, now);
  else
    finish_run(what, result, now);
  account();
  settle(now, out);
  if (stage_ != queue_stage::running || leaving_) return;
  deliver_head(now, out);
  pull(now, out);
}

consume_result queue_consumer::failure_of(delivery_id id, const delivery& what) const {
  consume_result result{id, {}, no_offset, {}};
  if (what.redelivered) {
    result.failed.push_back(*what.redelivered);
    return result;
  }
  const auto& run = *messages_.find(what.run);
  for (auto rest = tail_of(run, run.first); rest; rest = tail_of(*rest, rest->first + 1)) {
    result.failed.push_back(rest->first);
    if (context_.config.orderly) break;
  }
  return result;
}

void queue_consumer::finish_in_order(const delivery& what, const consume_result& result,
                                     time_point now) {
  head_under_way_ = false;
  const auto& run = *messages_.find(what.run);
  bool failed = !result.failed.empty();
  auto from = failed ? result.failed.front() : result.untried;
  auto rest = from == no_offset ? std::nullopt : tail_of(run, from);
  bool same_head = rest && rest->first == run.first;
  head_failures_ = (same_head ? head_failures_ : 0) + (failed ? 1 : 0);
  head_not_before_ = failed ? now + context_.config.suspend_current_queue_time : time_point{};
  if (rest)
    messages_.shorten(what.run, std::move(*rest));
  else
    messages_.finish(what.run);
}

void queue_consumer::finish_run(const delivery& what, const consume_result& result,
                                time_point now) {
  auto run = *messages_.find(what.run);
  std::vector<straggler> unfinished;
  auto keep = [&](queue_offset offset) {
    auto record = copy_record(run, offset);
    if (record.empty() || retry_.holds(offset)) return; // the listener named no message of the run
    unfinished.push_back({offset, static_cast<std::int64_t>(record.size())});
    retry_.add(offset, std::move(record), now);
  };
  // Broadcasting does not retry: what failed is only reported by its listener.
  if (!context_.broadcasting())
    for (auto offset : result.failed)
      if (result.untried == no_offset || offset < result.untried) keep(offset);
  if (result.untried != no_offset)
    for (auto rest = tail_of(run, result.untried); rest; rest = tail_of(*rest, rest->first + 1))
      keep(rest->first);
  messages_.finish(what.run, unfinished);
}

void queue_consumer::finish_redelivery(const delivery& what, const consume_result& result,
                                       time_point now) {
  auto offset = *what.redelivered;
  if (result.untried != no_offset) return retry_.untried(offset);
  if (!result.failed.empty()) return retry_.failed(offset, now);
  retry_.succeeded(offset);
  messages_.finish_straggler(offset);
}

void queue_consumer::seek(queue_offset to, time_point now, consumer_effects& out) {
  if (!leaving_) restart(to, now, out);
}

void queue_consumer::restart(queue_offset at, time_point now, consumer_effects& out) {
  stage_ = queue_stage::stopping;
  start_at_ = at;
  token_.revoke();
  schedule_.forget();
  if (under_way_ > 0) out.push_back(recall_revoked{});
  settle(now, out);
}

void queue_consumer::stop(consumer_effects& out) {
  leaving_ = true;
  stage_ = queue_stage::stopping;
  token_.revoke();
  schedule_.forget();
  if (under_way_ > 0) out.push_back(recall_revoked{});
}

/// A restart waits for the running listeners; when they are done it begins.
void queue_consumer::settle(time_point now, consumer_effects& out) {
  if (stage_ != queue_stage::stopping || leaving_ || under_way_ > 0) return;
  schedule_.postpone({});
  begin(start_at_, start_at_ == no_offset ? committed_offset::ask : committed_offset::known, now,
        out);
}

void queue_consumer::tick(time_point now, consumer_effects& out) {
  if (schedule_.expire(now)) {
    out.push_back(report{"pull-unanswered", name_of(queue_) + ": no answer in time, asking again"});
    // Over a slow link the answer may still be on its way, and the next one waits behind it at the
    // broker: ask for less until answers come in time.
    pull_bytes_ = std::min(std::max(pull_bytes_ / 2, slow_pull_bytes), pull_bytes_);
  }
  if (stage_ == queue_stage::running && !may_consume(now) && !token_.revoked()) token_.revoke();
  if (stage_ == queue_stage::locating && !leaving_) locate(now, out);
  redeliver(now, out);
  deliver_head(now, out);
  pull(now, out);
}

std::optional<queue_consumer::time_point> queue_consumer::next_event(time_point now) const {
  auto earliest = schedule_.next_event(now);
  auto consider = [&](std::optional<time_point> other) {
    if (other && (!earliest || *other < *earliest)) earliest = other;
  };
  if (stage_ == queue_stage::running && !leaving_) consider(retry_.next_due());
  if (head_not_before_ > now) consider(head_not_before_);
  if (context_.needs_locks() && lease_.held(now)) consider(lease_.ends());
  return earliest;
}

std::optional<queue_offset> queue_consumer::committable() const {
  if (!located_) return std::nullopt;
  return messages_.committable();
}

consumed_queue queue_consumer::status() const {
  return {queue_,
          stage_ == queue_stage::running,
          messages_.next(),
          messages_.committable(),
          messages_.messages(),
          messages_.bytes()};
}

void queue_consumer::account() {
  context_.bytes += messages_.bytes() - accounted_;
  accounted_ = messages_.bytes();
}

} // namespace cafmq
