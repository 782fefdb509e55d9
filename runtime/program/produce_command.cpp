#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <set>

#include "runtime/client/producer.hpp"
#include "runtime/console/json_line.hpp"
#include "runtime/console/line_printer.hpp"
#include "runtime/console/message_source.hpp"
#include "runtime/console/progress.hpp"
#include "runtime/console/table.hpp"
#include "runtime/program/command.hpp"
#include "runtime/program/stop_signal.hpp"

namespace cafmq::program {

namespace {

using std::chrono::steady_clock;

struct produce_options : client_options {
  source_options source;
  std::string mode = "sync";
  double rate = 0; ///< messages a second; 0: as fast as it goes
  int batch = 1;
  std::string group;
};

/// What became of the sends: receipts as they come, counts at the end. Used by several threads.
class receipts {
public:
  explicit receipts(bool as_json) : as_json_(as_json) {}

  void stored(const send_result& result) {
    {
      std::lock_guard lock{mutex_};
      ++stored_;
      auto& span = queues_.try_emplace(result.queue(), result.queue_offset(), 0, 0).first->second;
      span.first = std::min(span.first, result.queue_offset());
      span.last = std::max(span.last, result.queue_offset());
      ++span.count;
      if (result.status() != send_status::send_ok) ++unsafe_;
    }
    if (!as_json_) return;
    const auto& queue = result.queue();
    printer_.print(json_line{}
                     .text("status", name_of(result.status()))
                     .text("msgId", result.msg_id())
                     .text("offsetMsgId", result.offset_msg_id())
                     .text("topic", queue.topic.value)
                     .text("brokerName", queue.broker.value)
                     .number("queueId", queue.id.value)
                     .number("queueOffset", result.queue_offset())
                     .str());
  }

  void failed(const failure& why, std::int64_t messages) {
    std::lock_guard lock{mutex_};
    failed_ += messages;
    if (as_json_)
      printer_.print(json_line{}
                       .text("status", "FAILED")
                       .number("code", static_cast<std::int64_t>(why.code))
                       .text("error", why.sentence)
                       .number("messages", messages)
                       .str());
    // One sentence a kind of failure: a broker that is away fails thousands of sends alike.
    if (told_.insert(why.code).second)
      std::fprintf(stderr, "cafmq: not sent: %s\n", why.sentence.c_str());
  }

  std::int64_t finished() const {
    std::lock_guard lock{mutex_};
    return stored_ + failed_;
  }
  std::int64_t failures() const {
    std::lock_guard lock{mutex_};
    return failed_;
  }

  std::string summary(double seconds) const {
    std::lock_guard lock{mutex_};
    std::string text = "stored " + grouped(stored_) + ", failed " + grouped(failed_);
    if (unsafe_ > 0) text += ", not confirmed by disk in time " + grouped(unsafe_);
    text += ", " + grouped(static_cast<std::int64_t>(static_cast<double>(stored_) / seconds))
            + " a second\n";
    text_table table{{"broker", "queue", "messages", "first offset", "last offset"}};
    for (const auto& [queue, span] : queues_)
      table.add({queue.broker.value, std::to_string(queue.id.value), grouped(span.count),
                 grouped(span.first), grouped(span.last)});
    return table.empty() ? text : text + table.render();
  }

private:
  struct offset_span {
    offset_span(std::int64_t from, std::int64_t to, std::int64_t n)
        : first(from), last(to), count(n) {}
    std::int64_t first, last, count;
  };

  const bool as_json_;
  mutable std::mutex mutex_;
  std::int64_t stored_ = 0;
  std::int64_t unsafe_ = 0;
  std::int64_t failed_ = 0;
  std::map<message_queue, offset_span> queues_;
  std::set<errc> told_;
  line_printer printer_;
};

/// Sends messages, alone or in batches, the way that the mode says.
class sender {
public:
  sender(producer& to, const produce_options& options, receipts& outcome)
      : producer_(to), options_(options), outcome_(outcome) {}

  void send(std::vector<message> batch) {
    if (options_.batch > 1) return send_batch_of(batch);
    const auto& one = batch.front();
    if (options_.mode == "oneway") {
      if (auto sent = producer_.send_oneway(one); !sent)
        outcome_.failed(sent.error(), 1);
      else
        ++oneway_;
    } else if (options_.mode == "async") {
      producer_.send_async(one, [this](result<send_result> sent) { take(sent); });
    } else {
      auto sent = producer_.send(one);
      take(sent);
    }
  }

  std::int64_t oneway() const { return oneway_; }

private:
  void send_batch_of(const std::vector<message>& batch) {
    const auto count = static_cast<std::int64_t>(batch.size());
    if (options_.mode == "async") {
      producer_.send_async(std::span{batch}, [this, count](result<std::vector<send_result>> sent) {
        take(sent, count);
      });
      return;
    }
    auto sent = producer_.send(std::span{batch});
    take(sent, count);
  }

  void take(const result<send_result>& sent) {
    if (sent)
      outcome_.stored(*sent);
    else
      outcome_.failed(sent.error(), 1);
  }
  void take(const result<std::vector<send_result>>& sent, std::int64_t count) {
    if (!sent) return outcome_.failed(sent.error(), count);
    for (const auto& each : *sent)
      outcome_.stored(each);
  }

  producer& producer_;
  const produce_options& options_;
  receipts& outcome_;
  std::int64_t oneway_ = 0;
};

/// Holds sends back so that they come at the rate, counted from the start: a late one does not make
/// the later ones late.
class pace {
public:
  explicit pace(double rate) : rate_(rate), started_(steady_clock::now()) {}

  void await(std::int64_t number, stop_signal& stop) const {
    if (rate_ <= 0) return;
    const std::chrono::duration<double> due{static_cast<double>(number) / rate_};
    const auto at = started_ + std::chrono::duration_cast<steady_clock::duration>(due);
    while (!stop.requested() && steady_clock::now() < at)
      stop.wait_until(at);
  }

private:
  double rate_;
  steady_clock::time_point started_;
};

exit_code produce(const produce_options& options) {
  if (options.batch > 1 && options.mode == "oneway")
    throw command_failed(exit_code::wrong_use, "a batch is acknowledged: --mode sync or async");
  const auto values = client_settings(options);
  message_source source{options.source};
  stop_signal stop;
  receipts outcome{options.json};
  client shared{values.client};
  auto config = values.producer;
  if (!options.group.empty()) config.producer_group = options.group;
  producer to{shared, config};
  sender out{to, options, outcome};
  progress_line progress{"sent", source.total()};
  const pace rate{options.rate};
  const auto started = steady_clock::now();
  std::int64_t taken = 0;
  std::vector<message> batch;
  while (!stop.requested()) {
    auto next = source.next();
    if (next) {
      rate.await(taken++, stop);
      batch.push_back(std::move(*next));
    }
    if (!batch.empty() && (!next || static_cast<int>(batch.size()) == options.batch)) {
      out.send(std::move(batch));
      batch.clear();
      progress.update(taken);
    }
    if (!next) break;
  }
  to.flush();
  to.close();
  const std::chrono::duration<double> seconds = steady_clock::now() - started;
  if (source.skipped() > 0)
    std::fprintf(stderr,
                 "cafmq: %s empty lines were left out, because a message needs a body; "
                 "--keep-line-ends sends them as line ends\n",
                 grouped(source.skipped()).c_str());
  if (!options.json)
    print(options.mode == "oneway"
            ? "handed over " + grouped(out.oneway()) + " without waiting for receipts\n"
            : outcome.summary(seconds.count()));
  if (stop.requested()) throw command_failed(exit_code::failed, "stopped before all was sent");
  return outcome.failures() == 0 ? exit_code::ok : exit_code::failed;
}

} // namespace

void add_produce_command(CLI::App& app, action& chosen) {
  auto options = std::make_shared<produce_options>();
  auto& source = options->source;
  auto* command = app.add_subcommand("produce", "Send messages: the lines of a file, or generated");
  command->add_option("TOPIC", source.topic, "The topic")->required();
  command
    ->add_option("--file", source.file,
                 "A message a line; - is standard input, the default without --count")
    ->type_name("FILE");
  command
    ->add_option("--mode", options->mode,
                 "sync waits for each receipt, async for none, oneway gets none")
    ->check(CLI::IsMember({"sync", "async", "oneway"}))
    ->capture_default_str();
  command->add_option("--tag", source.tag, "The tag of every message");
  command
    ->add_option("--tag-if", source.tag_rules,
                 "The tag of lines in which REGEX is found; the first that is found decides")
    ->type_name("TAG=REGEX")
    ->take_all()
    ->allow_extra_args(false);
  command->add_option("--key", source.key, "The keys of every message, separated by spaces");
  command->add_flag("--key-line-numbers", source.key_line_numbers, "The key is the line's number");
  command->add_option("--property", source.properties, "A property of every message")
    ->type_name("NAME=VALUE")
    ->take_all()
    ->allow_extra_args(false);
  command->add_flag("--keep-line-ends", source.keep_line_ends,
                    "Lines keep their ends, so empty lines are sent and the file can be rebuilt");
  command->add_option("--count", source.count, "Generate so many messages; of a file, take so many")
    ->check(CLI::PositiveNumber);
  command->add_option("--size", source.size, "Bytes of a generated body")
    ->check(CLI::PositiveNumber)
    ->capture_default_str();
  command->add_option("--rate", options->rate, "Messages a second")->check(CLI::PositiveNumber);
  command
    ->add_option("--batch", options->batch,
                 "Send so many in one request, into one queue; not with --mode oneway")
    ->check(CLI::Range(1, 100'000));
  command->add_option("--group", options->group, "The producer group");
  add_client_options(*command, *options);
  command->footer("--json prints a receipt a line: status, msgId, offsetMsgId, topic, brokerName, "
                  "queueId, queueOffset; or status FAILED with code, error, messages.\n"
                  "Ends with 1 when a message was not stored.");
  command->callback([&chosen, options] { chosen = [options] { return produce(*options); }; });
}

} // namespace cafmq::program
