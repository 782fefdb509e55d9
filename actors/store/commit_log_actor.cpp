#include "actors/store/commit_log_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "actors/safe_actor.hpp"
#include "actors/store/flusher_actor.hpp"
#include "actors/store/message_store.hpp"
#include "messages/type_ids.hpp"

namespace cafmq {

namespace {

/// So many bytes of log, and the rest of the segment before them, are checked again after a crash
/// at most, whatever the flush intervals say.
constexpr std::int64_t checkpoint_bytes_max = 1024ll * 1024 * 1024;
/// RocketMQ counts dirty data in pages.
constexpr std::int64_t page_bytes = 4096;

using inbox =
  extended_handle<commit_log_handle, void(commit_burst), void(flush_store), void(clean_store)>;

struct commit_log_state;
using commit_log_pointer = inbox::stateful_pointer<commit_log_state>;

struct commit_log_state {
  static inline const char* name = "commit_log";

  struct waiting_send {
    caf::typed_response_promise<send_receipt> promise;
    send_receipt receipt;
  };

  commit_log_pointer self = nullptr;
  store_config config;
  commit_log_parts parts;
  placement where = placement::shared_thread;
  flusher_handle flusher; // null: it has ended, and so will this actor

  std::vector<waiting_send> waiting; // sends of the open burst
  std::vector<std::shared_ptr<void>> charges;
  std::int64_t messages = 0; // in the open burst
  bool sync_asked = false;   // by any of them
  bool burst_open = false;
  std::map<local_queue, message_queue_handle> watchers;

  std::shared_ptr<const flush_job> under_way; // what the flusher does; null: nothing
  std::optional<caf::error> ending;           // why this actor ends, once it is asked to
  bool refusing = false;                      // what the log lines said last
  caf::actor_clock::time_point thorough_due{};
  caf::actor_clock::time_point log_flush_due{};

  message_store& store() { return *parts.store; }
  auto now() const { return self->clock().now(); }

  // -- bursts ---------------------------------------------------------------------------------
  /// Everything that the mailbox holds becomes one burst: the reminder that ends it is queued
  /// behind.
  void open_burst() {
    if (std::exchange(burst_open, true)) return;
    self->send(self, commit_burst{});
  }

  caf::result<send_receipt> take(const send_batch& batch) {
    auto receipt = store().append(batch, parts.clock());
    if (!receipt) {
      append_failed(receipt.error());
      return receipt.error();
    }
    auto promise = self->make_response_promise<send_receipt>();
    waiting.push_back({promise, *receipt});
    charges.push_back(batch.charge);
    messages += batch.count;
    sync_asked |= batch.wait_store;
    open_burst();
    return promise;
  }

  void take_unanswered(const send_batch& batch) {
    if (auto receipt = store().append(batch, parts.clock()); !receipt) {
      append_failed(receipt.error());
      // While the store refuses, one line says so for all.
      if (!refusing) log::warn("oneway-refused", sentence(receipt.error()));
      return;
    }
    charges.push_back(batch.charge);
    messages += batch.count;
    open_burst();
  }

  /// A failed write has undone the whole burst; a message that breaks a limit has done nothing.
  void append_failed(const caf::error& why) {
    if (!store().has_burst()) refuse_waiting(why);
  }

  void close_burst() {
    burst_open = false;
    if (!store().has_burst()) return settle();
    if (auto committed = store().commit(); !committed) return refuse_waiting(committed.error());
    auto status = send_status::send_ok;
    if (config.flush_disk == flush_disk_type::sync_flush && sync_asked) {
      auto started = now();
      if (auto synced = store().sync(); !synced) return refuse_waiting(synced.error());
      if (now() - started > config.sync_flush_timeout) status = send_status::flush_disk_timeout;
    }
    for (auto& send : waiting) {
      send.receipt.status = status;
      send.promise.deliver(send.receipt);
    }
    if (parts.counters) parts.counters->messages_in += messages;
    for (auto& advanced : store().publish(parts.clock()))
      if (auto watcher = watchers.find(advanced.queue); watcher != watchers.end())
        self->send(watcher->second, queue_advanced{advanced.max});
    settle();
    tell_change();
    if (store().bytes_since_checkpoint() > checkpoint_bytes_max) flush(true);
  }

  void refuse_waiting(const caf::error& why) {
    if (!waiting.empty())
      log::error("burst-refused", waiting.size(), " waiting sends are refused: ", sentence(why));
    for (auto& send : waiting)
      send.promise.deliver(why);
    settle();
    tell_change();
  }

  /// A line when the store begins to refuse and when it accepts again; each refused send would be a
  /// line too many.
  void tell_change() {
    auto reason = store().refusal();
    if (reason.has_value() == refusing) return;
    refusing = reason.has_value();
    if (refusing)
      log::error("store-refuses", "the store takes no messages: ", *reason);
    else
      log::info("store-accepts", "the store takes messages again");
  }

  void settle() {
    waiting.clear();
    charges.clear();
    messages = 0;
    sync_asked = false;
  }

  // -- flushing -------------------------------------------------------------------------------
  void flush_tick() {
    close_burst(); // under load one is always open, and nothing of this can be done within it
    // A probe writes behind the end and syncs what the flusher syncs.
    if (store().needs_probe() && !under_way) store().probe();
    tell_change();
    bool thorough = now() >= thorough_due || store().retention_waits();
    bool enough = store().unsynced_bytes() >= config.flush_commit_log_least_pages * page_bytes;
    if (thorough || enough || now() >= log_flush_due) flush(thorough);
  }

  void flush(bool thorough) {
    if (under_way || ending || store().has_burst() || store().is_broken()) return;
    log_flush_due = now() + config.flush_commit_log_thorough_interval;
    if (thorough) thorough_due = now() + config.flush_consume_queue_thorough_interval;
    auto job = std::make_shared<const flush_job>(store().start_flush(thorough));
    if (job->log_files.empty() && !thorough) return;
    under_way = job;
    self->request(flusher, caf::infinite, sync_files{job})
      .then([=, this](const files_synced&) { finish(job, caf::error{}); },
            [=, this](const caf::error& why) { finish(job, why); });
  }

  void finish(std::shared_ptr<const flush_job> job, const caf::error& problem) {
    if (under_way != job) return; // its flusher died, and that was told before
    under_way = nullptr;
    if (problem) log::error("flush-failed", sentence(problem));
    store().finish_flush(*job, problem);
    tell_change();
    if (ending) end_flusher();
  }

  void start_flusher() {
    flusher = spawn_flusher(self->system(), where);
    self->monitor(flusher);
  }

  void end_flusher() {
    if (flusher) self->send_exit(flusher, caf::exit_reason::user_shutdown);
  }

  void flusher_ended(const caf::error& why) {
    flusher = nullptr;
    if (under_way)
      finish(under_way, make_error(errc::io_error, "the flusher has died: " + sentence(why)));
    if (ending) return close();
    start_flusher();
  }

  void clean() {
    close_burst(); // as above
    auto time = parts.clock();
    if (auto cleaned = store().clean(time, parts.local_hour(time)); !cleaned)
      log::error("clean-failed", sentence(cleaned.error()));
    tell_change();
  }

  // -- the rest -------------------------------------------------------------------------------
  void watch(const local_queue& queue) {
    auto watcher = caf::actor_cast<message_queue_handle>(self->current_sender());
    if (!watcher) return;
    watchers[queue] = watcher;
    // What was published since the watcher looked last is no news to anybody else.
    self->send(watcher, queue_advanced{store().view()->max(queue)});
  }

  caf::result<queues_removed> remove(const topic_name& topic) {
    close_burst();
    std::erase_if(watchers, [&](const auto& watcher) { return watcher.first.topic == topic; });
    if (auto removed = store().remove_topic(topic); !removed) return removed.error();
    return queues_removed{};
  }

  store_status status() {
    auto reason = store().refusal();
    return {!reason, reason.value_or(""), store().begin(), store().end(), store().synced_end()};
  }

  /// The flusher ends first: until then it uses the store's directory, and what it was given to
  /// sync may fail.
  void stop(caf::error reason) {
    if (ending) return;
    ending = std::move(reason);
    close_burst();
    if (!under_way) end_flusher();
  }

  void close() {
    close_burst();
    if (auto closed = store().close(); !closed)
      log::error("store-not-closed", sentence(closed.error()));
    watchers.clear();
    parts.store.reset();
    self->quit(std::move(*ending));
  }
};

inbox::behavior_type commit_log_actor(commit_log_pointer self, placement where,
                                      const store_config& config,
                                      const std::shared_ptr<commit_log_parts>& parts) {
  make_safe(self);
  auto& state = self->state;
  state.self = self;
  state.config = config;
  state.parts = std::move(*parts);
  state.where = where;
  state.start_flusher();
  state.thorough_due = self->clock().now() + config.flush_consume_queue_thorough_interval;
  state.log_flush_due = self->clock().now() + config.flush_commit_log_thorough_interval;
  self->set_exit_handler(
    [self](caf::exit_msg& message) { self->state.stop(std::move(message.reason)); });
  self->set_down_handler([self](caf::down_msg& down) { self->state.flusher_ended(down.reason); });
  self->delayed_send(self, config.flush_interval_commit_log, flush_store{});
  self->delayed_send(self, config.clean_resource_interval, clean_store{});
  return {
    [=](const send_batch& batch) { return self->state.take(batch); },
    [=](const send_oneway& oneway) { self->state.take_unanswered(oneway.batch); },
    [=](const watch_queue& request) { self->state.watch(request.queue); },
    [=](const get_store_status&) { return self->state.status(); },
    [=](const remove_queues& request) { return self->state.remove(request.topic); },
    [=](const commit_burst&) { self->state.close_burst(); },
    [=](const flush_store& reminder) {
      self->state.flush_tick();
      self->delayed_send(self, self->state.config.flush_interval_commit_log, reminder);
    },
    [=](const clean_store& reminder) {
      self->state.clean();
      self->delayed_send(self, self->state.config.clean_resource_interval, reminder);
    },
  };
}

} // namespace

commit_log_handle spawn_commit_log(caf::actor_system& system, placement where,
                                   const store_config& config, commit_log_parts parts) {
  auto shared = std::make_shared<commit_log_parts>(std::move(parts));
  return where == placement::own_thread
           ? system.spawn<caf::detached>(commit_log_actor, where, config, shared)
           : system.spawn(commit_log_actor, where, config, shared);
}

} // namespace cafmq
