#include "runtime/program/load_generator.hpp"

#include <cstring>
#include <thread>
#include <vector>

namespace cafmq::program {

namespace {

using std::chrono::steady_clock;

void send_sync(producer& to, const load_options& options, end_of_run& end, tally& counts) {
  const auto content = make_message(options);
  auto latencies = std::make_unique<latency_recorder>();
  std::int64_t stored = 0;
  while (end.take(1)) {
    const auto started = steady_clock::now();
    if (const auto sent = to.send(content)) {
      ++stored;
      latencies->record(steady_clock::now() - started);
    } else {
      counts.failed(1, sent.error());
    }
  }
  counts.merge(stored, *latencies);
}

void send_pipelined(producer& to, const load_options& options, end_of_run& end, tally& counts) {
  const auto content = make_message(options);
  while (end.take(1))
    to.send_async(content,
                  [&counts, started = steady_clock::now()](const result<send_result>& sent) {
                    if (sent)
                      counts.stored(1, steady_clock::now() - started);
                    else
                      counts.failed(1, sent.error());
                  });
}

void send_batched(producer& to, const load_options& options, end_of_run& end, tally& counts) {
  const std::vector<message> batch(static_cast<std::size_t>(options.batch), make_message(options));
  const std::int64_t count = options.batch;
  while (end.take(count))
    to.send_async(std::span{batch}, [&counts, count, started = steady_clock::now()](
                                      const result<std::vector<send_result>>& sent) {
      if (sent)
        counts.stored(count, steady_clock::now() - started);
      else
        counts.failed(count, sent.error());
    });
}

} // namespace

message make_message(const load_options& options) {
  message made;
  made.topic = {options.topic};
  for (std::int32_t i = 0; i < options.size; ++i)
    made.body += static_cast<char>('a' + i % 26);
  return made;
}

load_result send_load(producer& to, const load_options& options, stop_signal& stop) {
  load_result outcome;
  tally counts{outcome};
  end_of_run end{options, stop};
  const auto started = steady_clock::now();
  const auto run = options.style == send_style::sync        ? send_sync
                   : options.style == send_style::pipelined ? send_pipelined
                                                            : send_batched;
  std::vector<std::thread> senders;
  for (int i = 0; i < options.senders; ++i)
    senders.emplace_back([&] { run(to, options, end, counts); });
  for (auto& each : senders)
    each.join();
  to.flush();
  outcome.elapsed = steady_clock::now() - started;
  return outcome;
}

load_result send_at_rate(producer& to, const load_options& options, double rate,
                         stop_signal& stop) {
  load_result outcome;
  tally counts{outcome};
  auto content = make_message(options);
  const auto total =
    options.count > 0 ? options.count : static_cast<std::int64_t>(options.seconds * rate);
  const auto started = steady_clock::now();
  for (std::int64_t i = 0; i < total && !stop.requested(); ++i) {
    const std::chrono::duration<double> offset{static_cast<double>(i) / rate};
    const auto due = started + std::chrono::duration_cast<steady_clock::duration>(offset);
    std::this_thread::sleep_until(due);
    const std::int64_t stamp = due.time_since_epoch().count();
    if (content.body.size() >= sizeof stamp) std::memcpy(content.body.data(), &stamp, sizeof stamp);
    to.send_async(content, [&counts, due](const result<send_result>& sent) {
      if (sent)
        counts.stored(1, steady_clock::now() - due);
      else
        counts.failed(1, sent.error());
    });
  }
  to.flush();
  outcome.elapsed = steady_clock::now() - started;
  return outcome;
}

steady_clock::time_point due_time(std::string_view body) {
  std::int64_t stamp = 0;
  if (body.size() >= sizeof stamp) std::memcpy(&stamp, body.data(), sizeof stamp);
  return steady_clock::time_point{steady_clock::duration{stamp}};
}

} // namespace cafmq::program
