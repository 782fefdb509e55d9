#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <span>
#include <unistd.h>

#include "runtime/client/push_consumer.hpp"
#include "runtime/console/json_line.hpp"
#include "runtime/console/progress.hpp"
#include "runtime/console/table.hpp"
#include "runtime/console/time_text.hpp"
#include "runtime/program/command.hpp"
#include "runtime/program/stop_signal.hpp"

namespace cafmq::program {

namespace {

using std::chrono::steady_clock;

/// How many messages one call of the listener prints with one write.
constexpr std::int32_t print_batch_max = 64;

struct consume_options : client_options {
  std::string topic;
  std::string group;
  std::string mode = "clustering";
  std::string tags = "*";
  std::string from = "last";
  bool orderly = false;
  std::int64_t count = 0;  ///< 0: no end
  double idle_seconds = 0; ///< 0: waits for ever
};

consumer_config configure(const consume_options& options, consumer_config config) {
  config.consumer_group = options.group;
  config.model =
    options.mode == "clustering" ? message_model::clustering : message_model::broadcasting;
  config.orderly = options.orderly;
  config.consume_thread_nums = 1; // lines of a queue stay in order
  // With a count, no message beyond it may count as consumed.
  config.consume_message_batch_max_size = options.count > 0 ? 1 : print_batch_max;
  if (options.from == "first") {
    config.from = consume_from::first_offset;
  } else if (options.from == "last") {
    config.from = consume_from::last_offset;
  } else if (const auto time = parse_time(options.from)) {
    config.from = consume_from::timestamp;
    config.consume_timestamp = *time;
  } else {
    throw command_failed(exit_code::wrong_use,
                         "--from: '" + options.from
                           + "' is neither first, last nor a time; write milliseconds since 1970, "
                             "2026-11-25T15:04:05, or yyyyMMddHHmmss");
  }
  return config;
}

std::string text_row(const received_message& message) {
  constexpr std::size_t body_columns = 100;
  std::string row = message.broker() + "/" + std::to_string(message.queue_id()) + " "
                    + std::to_string(message.queue_offset());
  if (!message.tags().empty()) row += " [" + std::string{message.tags()} + "]";
  if (!message.keys().empty()) row += " " + std::string{message.keys()};
  row += ": ";
  if (!message.body_problem().empty()) return row + std::string{message.body_problem()};
  if (!is_utf8(message.body()))
    return row + "(" + readable_bytes(static_cast<std::int64_t>(message.body().size())) + ")";
  return row + shortened(message.body(), body_columns);
}

/// Prints what comes, and knows when it is enough. The listener's threads call it.
class printer {
public:
  printer(const consume_options& options, stop_signal& stop)
      : options_(options), stop_(stop), last_(steady_clock::now()) {}

  /// A batch is printed as a whole before it counts as consumed, or not at all.
  consume_status take(std::span<const received_message> batch) {
    std::string lines;
    std::lock_guard lock{mutex_};
    if (closed_ || is_enough(static_cast<std::int64_t>(batch.size())))
      return consume_status::reconsume_later;
    for (const auto& message : batch)
      lines += (options_.json ? message_line(message) : text_row(message)) + "\n";
    if (!write_all(lines)) {
      closed_ = true;
      stop_.wake();
      return consume_status::reconsume_later;
    }
    printed_ += static_cast<std::int64_t>(batch.size());
    last_ = steady_clock::now();
    if (options_.count > 0 && printed_ >= options_.count) stop_.wake();
    return consume_status::success;
  }

  std::int64_t printed() const {
    std::lock_guard lock{mutex_};
    return printed_;
  }
  steady_clock::time_point last() const {
    std::lock_guard lock{mutex_};
    return last_;
  }
  /// Nobody reads standard output any more.
  bool closed() const {
    std::lock_guard lock{mutex_};
    return closed_;
  }
  /// All messages that were asked for have come; without --count, any.
  bool satisfied() const { return printed() >= std::max<std::int64_t>(options_.count, 1); }

private:
  bool is_enough(std::int64_t more) const {
    return options_.count > 0 && printed_ + more > options_.count;
  }

  static bool write_all(std::string_view text) {
    while (!text.empty()) {
      const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
  }

  const consume_options& options_;
  stop_signal& stop_;
  mutable std::mutex mutex_;
  std::int64_t printed_ = 0;
  bool closed_ = false;
  steady_clock::time_point last_;
};

/// Says on standard error why nothing can be consumed, whenever that has changed.
class problem_report {
public:
  explicit problem_report(const push_consumer& consumer) : consumer_(consumer) {}

  /// When to look next.
  steady_clock::time_point due() const { return due_; }
  void look() {
    auto problem = consumer_.problem();
    if (!problem.empty() && problem != told_) std::fprintf(stderr, "cafmq: %s\n", problem.c_str());
    told_ = std::move(problem);
    due_ = steady_clock::now() + interval;
  }

private:
  static constexpr std::chrono::seconds interval{1};

  const push_consumer& consumer_;
  std::string told_;
  steady_clock::time_point due_ = steady_clock::now() + interval;
};

/// Waits until a signal, the count or the idle time ends the command.
void await_end(const consume_options& options, const printer& out, problem_report& problems,
               stop_signal& stop) {
  const auto idle = std::chrono::duration_cast<steady_clock::duration>(
    std::chrono::duration<double>{options.idle_seconds});
  while (!stop.requested() && !out.closed()) {
    if (options.count > 0 && out.printed() >= options.count) return;
    auto deadline = problems.due();
    if (options.idle_seconds > 0) {
      const auto idle_end = out.last() + idle;
      if (steady_clock::now() >= idle_end) return;
      deadline = std::min(deadline, idle_end);
    }
    stop.wait_until(deadline);
    if (steady_clock::now() >= problems.due()) problems.look();
  }
}

exit_code consume(const consume_options& options) {
  const auto values = client_settings(options);
  const auto config = configure(options, values.consumer);
  stop_signal stop;
  printer out{options, stop};
  client shared{values.client};
  push_consumer consumer{shared, config};
  if (auto subscribed = consumer.subscribe(options.topic, options.tags); !subscribed)
    throw command_failed(exit_code::wrong_use, subscribed.sentence());
  consumer.on_message([&](std::span<const received_message> batch) { return out.take(batch); });
  if (auto started = consumer.start(); !started)
    throw command_failed(exit_code::failed, started.sentence());
  problem_report problems{consumer};
  await_end(options, out, problems, stop);
  if (!stop.requested() && !out.closed() && !out.satisfied()) problems.look();
  consumer.close();
  if (out.closed()) throw command_failed(exit_code::failed, "standard output was closed");
  if (stop.requested()) return exit_code::ok;
  return out.satisfied() ? exit_code::ok : exit_code::not_found;
}

} // namespace

void add_consume_command(CLI::App& app, action& chosen) {
  auto options = std::make_shared<consume_options>();
  auto* command = app.add_subcommand(
    "consume", "Consume a topic as a member of a group, until SIGINT, --count or --idle-exit");
  command->add_option("TOPIC", options->topic, "The topic")->required();
  command->add_option("--group", options->group, "The consumer group")->required();
  command
    ->add_option("--mode", options->mode,
                 "clustering: each message to one member; broadcasting: to every member")
    ->check(CLI::IsMember({"clustering", "broadcasting"}))
    ->capture_default_str();
  command->add_flag("--orderly", options->orderly, "One message of a queue at a time, in order");
  command->add_option("--tags", options->tags, "Only these: 'a || b', or * for all")
    ->type_name("EXPR")
    ->capture_default_str();
  command
    ->add_option("--from", options->from,
                 "Where a group without offsets starts: first, last, or a time")
    ->type_name("first|last|TIME")
    ->capture_default_str();
  command->add_option("--count", options->count, "End after so many messages")
    ->check(CLI::PositiveNumber);
  command
    ->add_option("--idle-exit", options->idle_seconds,
                 "End when no message came for so many seconds")
    ->check(CLI::PositiveNumber);
  add_client_options(*command, *options);
  command->footer(
    "A message counts as consumed when its line is written; offsets are committed every 5 s and "
    "at the end.\nlast begins a topic whose first message is still there at that message, as "
    "RocketMQ "
    "does; a time is exact.\nTIME is milliseconds since 1970, 2026-11-25T15:04:05[Z], or "
    "yyyyMMddHHmmss.\n"
    "--json prints a message a line: topic, brokerName, queueId, queueOffset, msgId, offsetMsgId, "
    "keys, tags, properties, body (bodyBase64 when it is not UTF-8), bornTimestamp, bornHost, "
    "storeTimestamp, reconsumeTimes.\nWhile nothing can be consumed, standard error says why: no "
    "name server answers, nobody serves the topic, a broker refuses the member.\nEnds with 3 when "
    "the idle time passed before --count messages came, or before any came.");
  command->callback([&chosen, options] { chosen = [options] { return consume(*options); }; });
}

} // namespace cafmq::program
