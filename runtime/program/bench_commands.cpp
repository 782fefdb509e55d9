#include <CLI/CLI.hpp>
#include <memory>
#include <thread>

#include "runtime/client/producer.hpp"
#include "runtime/console/json_line.hpp"
#include "runtime/console/table.hpp"
#include "runtime/program/command.hpp"
#include "runtime/program/load_generator.hpp"
#include "runtime/program/stop_signal.hpp"

namespace cafmq::program {

namespace {

struct bench_options : client_options {
  load_options load;
  std::string style = "sync";
  double warmup = 0;
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

exit_code bench_send(bench_options options) {
  options.load.style = options.style == "sync"        ? send_style::sync
                       : options.style == "pipelined" ? send_style::pipelined
                                                      : send_style::batched;
  const auto values = client_settings(options);
  stop_signal stop;
  client shared{values.client};
  producer to{shared, values.producer};
  warm_up(to, options, stop);
  const auto result = send_load(to, options.load, stop);
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

using options_ptr = std::shared_ptr<bench_options>;

CLI::App* add(CLI::App& bench, const char* name, const char* about, const options_ptr& options,
              action& chosen, exit_code (*run)(bench_options)) {
  auto* command = bench.add_subcommand(name, about);
  command->add_option("TOPIC", options->load.topic, "The topic")->required();
  add_client_options(*command, *options);
  command->callback([&chosen, options, run] { chosen = [options, run] { return run(*options); }; });
  return command;
}

void add_load_options(CLI::App& command, bench_options& options) {
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
  command.add_option("--size", load.size, "Bytes of a body")
    ->check(CLI::PositiveNumber)
    ->capture_default_str();
  command.add_option("--seconds", load.seconds, "How long to send")
    ->check(CLI::PositiveNumber)
    ->capture_default_str();
  command.add_option("--count", load.count, "Send so many messages instead")
    ->check(CLI::PositiveNumber);
  command.add_option("--warmup", options.warmup, "Send for so many seconds before, unmeasured");
}

} // namespace

void add_bench_commands(CLI::App& app, action& chosen) {
  auto* bench = app.add_subcommand("bench", "Measure rates and latencies against running brokers");
  bench->require_subcommand(1);
  auto options = std::make_shared<bench_options>();
  auto* send = add(*bench, "send", "How fast messages are stored", options, chosen, bench_send);
  send->alias("produce");
  add_load_options(*send, *options);
  send->footer("--json prints one object: messages (stored), failed, seconds, messagesPerSecond, "
               "bytesPerSecond, and from the start of a send to its receipt (of a batch: its own) "
               "p50Ms, p99Ms, p999Ms, maxMs.");
}

} // namespace cafmq::program
