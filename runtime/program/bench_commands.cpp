#include <CLI/CLI.hpp>
#include <memory>
#include <thread>
#include <unistd.h>

#include "runtime/actor_system.hpp"
#include "runtime/client/producer.hpp"
#include "runtime/console/json_line.hpp"
#include "runtime/console/table.hpp"
#include "runtime/program/command.hpp"
#include "runtime/program/counting_reader.hpp"
#include "runtime/program/load_generator.hpp"
#include "runtime/program/sender_actor.hpp"
#include "runtime/program/stop_signal.hpp"

namespace cafmq::program {

namespace {

/// A reader that gets nothing for so long waits in vain.
constexpr std::chrono::seconds idle_limit{10};

struct bench_options : client_options {
  load_options load;
  std::string style = "sync";
  bool by_actors = false;
  double warmup = 0;
  double rate = 1'000;
  std::string group;
  std::string from = "first";
};

double milliseconds(std::chrono::nanoseconds time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

void add_latencies(json_line& line, const latency_recorder& latencies, const std::string& prefix) {
  const auto name = [&](std::string text) {
    if (!prefix.empty()) text[0] = static_cast<char>(std::toupper(text[0]));
    return prefix + text;
  };
  line.real(name("p50Ms"), milliseconds(latencies.percentile(50)))
    .real(name("p99Ms"), milliseconds(latencies.percentile(99)))
    .real(name("p999Ms"), milliseconds(latencies.percentile(99.9)))
    .real(name("maxMs"), milliseconds(latencies.max()));
}

std::string latency_text(const latency_recorder& latencies) {
  char text[128];
  std::snprintf(text, sizeof text, "p50 %.3f ms, p99 %.3f ms, p99.9 %.3f ms, max %.3f ms",
                milliseconds(latencies.percentile(50)), milliseconds(latencies.percentile(99)),
                milliseconds(latencies.percentile(99.9)), milliseconds(latencies.max()));
  return text;
}

std::int64_t rate_of(std::int64_t messages, double seconds) {
  return seconds > 0 ? static_cast<std::int64_t>(static_cast<double>(messages) / seconds) : 0;
}

/// The figures of one run, ours to name: messages, failed, seconds, messagesPerSecond,
/// bytesPerSecond.
json_line figures(std::int64_t messages, std::int64_t failed, double seconds, std::int32_t size) {
  json_line line;
  line.number("messages", messages)
    .number("failed", failed)
    .real("seconds", seconds)
    .number("messagesPerSecond", rate_of(messages, seconds))
    .number("bytesPerSecond", rate_of(messages * size, seconds));
  return line;
}

void warm_up(producer& to, const bench_options& options, stop_signal& stop) {
  if (options.warmup <= 0) return;
  auto load = options.load;
  load.count = 0;
  load.seconds = options.warmup;
  send_load(to, load, stop);
}

exit_code end_of(const load_result& result, const stop_signal& stop) {
  if (!result.failure.empty())
    std::fprintf(stderr, "cafmq: %s sends failed, the first: %s\n", grouped(result.failed).c_str(),
                 result.failure.c_str());
  return result.failed == 0 && !stop.requested() ? exit_code::ok : exit_code::failed;
}

send_style style_of(const std::string& name) {
  if (name == "sync") return send_style::sync;
  return name == "pipelined" ? send_style::pipelined : send_style::batched;
}

exit_code bench_send(bench_options options) {
  options.load.style = style_of(options.style);
  if (options.by_actors && options.load.style != send_style::sync)
    throw command_failed(exit_code::wrong_use, "--actors: actors send in --mode sync only");
  const auto values = client_settings(options);
  stop_signal stop;
  client shared{values.client};
  producer to{shared, values.producer};
  warm_up(to, options, stop);
  const auto result = options.by_actors
                        ? send_load_by_actors(*shared.core(), values.producer, options.load, stop)
                        : send_load(to, options.load, stop);
  const double seconds = result.elapsed.count();
  if (options.json) {
    auto line = figures(result.stored, result.failed, seconds, options.load.size);
    add_latencies(line, *result.latencies, "");
    print(line.str() + "\n");
  } else {
    print("stored " + grouped(result.stored) + " messages of " + readable_bytes(options.load.size)
          + ", " + grouped(rate_of(result.stored, seconds)) + " a second; "
          + latency_text(*result.latencies) + "\n");
  }
  to.close();
  return end_of(result, stop);
}

/// A reader takes what it can get: large calls of the listener, few threads.
consumer_config reader_config(const settings& values, const bench_options& options) {
  auto config = values.consumer;
  config.consumer_group =
    options.group.empty() ? "bench_" + std::to_string(::getpid()) : options.group;
  // Not last_offset, which begins a young topic at its first message.
  config.from = consume_from::timestamp;
  config.consume_timestamp = system_wall_clock()();
  config.consume_thread_nums = 2;
  config.consume_message_batch_max_size = config.pull_batch_size;
  return config;
}

/// Waits until the reader has its place in every queue, so that it sees what is sent from now on.
void await_reader(counting_reader& reader, producer& to, const bench_options& options,
                  stop_signal& stop) {
  const auto queues = to.message_queues(options.load.topic);
  if (!queues) throw command_failed(exit_code::failed, queues.sentence());
  if (!reader.await_queues(queues->size(), stop))
    throw command_failed(exit_code::failed, "the reader did not get the topic's queues");
}

exit_code bench_end_to_end(bench_options options) {
  options.load.style = style_of(options.style);
  const auto values = client_settings(options);
  stop_signal stop;
  client shared{values.client};
  producer to{shared, values.producer};
  counting_reader reader{shared, reader_config(values, options), options.load.topic};
  await_reader(reader, to, options, stop);
  warm_up(to, options, stop);
  reader.await_messages(INT64_MAX, std::chrono::milliseconds{options.warmup > 0 ? 500 : 0}, stop);
  const auto before = reader.messages();
  const auto started = std::chrono::steady_clock::now();
  const auto result = send_load(to, options.load, stop);
  const bool all = reader.await_messages(before + result.stored, idle_limit, stop);
  const std::chrono::duration<double> elapsed = reader.last() - started;
  const auto consumed = reader.messages() - before;
  if (options.json) {
    auto line = figures(consumed, result.failed, elapsed.count(), options.load.size);
    line.number("stored", result.stored)
      .number("storedPerSecond", rate_of(result.stored, result.elapsed.count()));
    add_latencies(line, *result.latencies, "send");
    print(line.str() + "\n");
  } else {
    print("stored " + grouped(result.stored) + " and consumed " + grouped(consumed)
          + " messages of " + readable_bytes(options.load.size) + ", "
          + grouped(rate_of(consumed, elapsed.count())) + " a second\n");
  }
  reader.close();
  to.close();
  if (!all) return exit_code::not_found;
  return end_of(result, stop);
}

exit_code bench_consume(bench_options options) {
  const auto values = client_settings(options);
  auto config = reader_config(values, options);
  if (options.from == "first") config.from = consume_from::first_offset;
  stop_signal stop;
  client shared{values.client};
  const auto started = std::chrono::steady_clock::now();
  counting_reader reader{shared, config, options.load.topic};
  const bool all = reader.await_messages(options.load.count, idle_limit, stop);
  const std::chrono::duration<double> elapsed = reader.last() - started;
  const auto messages = reader.messages();
  if (options.json) {
    json_line line;
    line.number("messages", messages)
      .real("seconds", elapsed.count())
      .number("messagesPerSecond", rate_of(messages, elapsed.count()))
      .number("bytesPerSecond", rate_of(reader.bytes(), elapsed.count()));
    print(line.str() + "\n");
  } else {
    print("consumed " + grouped(messages) + " messages, "
          + grouped(rate_of(messages, elapsed.count())) + " a second\n");
  }
  reader.close();
  if (stop.requested()) return exit_code::failed;
  return all ? exit_code::ok : exit_code::not_found;
}

exit_code bench_latency(bench_options options) {
  if (options.load.size < static_cast<std::int32_t>(sizeof(std::int64_t)))
    throw command_failed(exit_code::wrong_use, "--size: a body holds its time, 8 bytes");
  const auto values = client_settings(options);
  stop_signal stop;
  client shared{values.client};
  producer to{shared, values.producer};
  counting_reader reader{shared, reader_config(values, options), options.load.topic};
  await_reader(reader, to, options, stop);
  if (options.warmup > 0) {
    auto load = options.load;
    load.seconds = options.warmup;
    load.count = 0;
    const auto warm = send_at_rate(to, load, options.rate, stop);
    reader.await_messages(warm.stored, idle_limit, stop);
  }
  const auto before = reader.messages();
  reader.record_latencies();
  const auto result = send_at_rate(to, options.load, options.rate, stop);
  const bool all = reader.await_messages(before + result.stored, idle_limit, stop);
  if (options.json) {
    auto line =
      figures(reader.messages() - before, result.failed, result.elapsed.count(), options.load.size);
    line.real("rate", options.rate);
    add_latencies(line, reader.latencies(), "");
    add_latencies(line, *result.latencies, "send");
    print(line.str() + "\n");
  } else {
    print("at " + grouped(static_cast<std::int64_t>(options.rate)) + " a second\nend to end  "
          + latency_text(reader.latencies()) + "\nstored      " + latency_text(*result.latencies)
          + "\n");
  }
  reader.close();
  to.close();
  if (!all) return exit_code::not_found;
  return end_of(result, stop);
}

using options_ptr = std::shared_ptr<bench_options>;

CLI::App* add(CLI::App& bench, const char* name, const char* about, const options_ptr& options,
              action& chosen, exit_code (*run)(bench_options)) {
  auto* command = bench.add_subcommand(name, about);
  command->add_option("TOPIC", options->load.topic, "The topic")->required();
  add_client_options(*command, *options);
  command->callback([&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
  return command;
}

void add_amount(CLI::App& command, bench_options& options) {
  auto& load = options.load;
  command.add_option("--size", load.size, "Bytes of a body")
    ->check(CLI::PositiveNumber)
    ->capture_default_str();
  command.add_option("--seconds", load.seconds, "How long to send")
    ->check(CLI::PositiveNumber)
    ->capture_default_str();
  command.add_option("--count", load.count, "Send so many messages instead")
    ->check(CLI::PositiveNumber);
  command.add_option("--warmup", options.warmup, "Send for so many seconds before, unmeasured")
    ->check(CLI::NonNegativeNumber);
}

void add_style(CLI::App& command, bench_options& options) {
  auto& load = options.load;
  command
    .add_option("--mode", options.style,
                "sync: each sender waits for its receipt; pipelined: receipts come later; "
                "batched: the same, many messages a request")
    ->check(CLI::IsMember({"sync", "pipelined", "batched"}))
    ->capture_default_str();
  command.add_option("--senders,--threads", load.senders, "Sending threads")
    ->check(CLI::Range(1, 10'000))
    ->capture_default_str();
  command.add_option("--batch", load.batch, "Messages a request, batched")
    ->check(CLI::Range(1, 100'000))
    ->capture_default_str();
}

void add_group(CLI::App& command, bench_options& options) {
  command.add_option("--group", options.group, "The reader's group; else a new one");
}

} // namespace

void add_bench_commands(CLI::App& app, action& chosen) {
  auto* bench = app.add_subcommand("bench", "Measure rates and latencies against running brokers");
  bench->require_subcommand(1);
  auto options = std::make_shared<bench_options>();
  const char* common = "--json prints one object: messages, failed, seconds, messagesPerSecond, "
                       "bytesPerSecond, ";

  auto* send = add(*bench, "send", "How fast messages are stored", options, chosen, bench_send);
  send->alias("produce");
  add_style(*send, *options);
  send->add_flag("--actors", options->by_actors,
                 "Senders are actors of the program's, not threads; sync only");
  add_amount(*send, *options);
  send->footer(std::string{common}
               + "and from the start of a send to its receipt (of a batch: its own) p50Ms, p99Ms, "
                 "p999Ms, maxMs.");

  auto* both = add(*bench, "end-to-end", "How fast messages are stored and consumed", options,
                   chosen, bench_end_to_end);
  both->alias("e2e");
  add_style(*both, *options);
  add_amount(*both, *options);
  add_group(*both, *options);
  both->footer(std::string{common}
               + "all of what was consumed by a reader in this process, until its last message; "
                 "stored, storedPerSecond, and of the sends sendP50Ms, sendP99Ms, sendP999Ms, "
                 "sendMaxMs.");

  auto* consume =
    add(*bench, "consume", "How fast stored messages are consumed", options, chosen, bench_consume);
  consume->add_option("--count", options->load.count, "Consume so many messages")
    ->check(CLI::PositiveNumber)
    ->required();
  consume->add_option("--from", options->from, "Where a group without offsets starts")
    ->check(CLI::IsMember({"first", "now"}))
    ->capture_default_str();
  add_group(*consume, *options);
  consume->footer("--json prints one object: messages, seconds (from the start to the last "
                  "message), messagesPerSecond, bytesPerSecond.\nEnds with 3 when no message came "
                  "for ten seconds.");

  auto* latency = add(*bench, "latency", "How long messages take at a fixed rate, in an open loop",
                      options, chosen, bench_latency);
  latency->add_option("--rate", options->rate, "Messages a second")
    ->check(CLI::PositiveNumber)
    ->capture_default_str();
  add_amount(*latency, *options);
  add_group(*latency, *options);
  latency->footer(std::string{common}
                  + "rate; from when a message was due to its listener p50Ms, p99Ms, p999Ms, "
                    "maxMs, and to its receipt sendP50Ms, sendP99Ms, sendP999Ms, sendMaxMs. A "
                    "message is due at its time whether or not earlier ones are answered.");
}

} // namespace cafmq::program
