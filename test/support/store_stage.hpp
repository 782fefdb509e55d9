#pragma once

#include <caf/expected.hpp>
#include <doctest/doctest.h>
#include <memory>
#include <string>
#include <vector>

#include "actors/store/message_store.hpp"
#include "messages/codec/properties.hpp"

namespace cafmq::test {

/// Drafts for one queue, with a tag and a key each.
inline send_batch batch_of(const std::string& topic, int queue,
                           const std::vector<std::string>& bodies, std::string_view tag = "paid") {
  byte_block::bytes drafts;
  for (const auto& body : bodies) {
    std::vector<std::uint8_t> properties;
    append_property(properties, "TAGS", tag);
    append_property(properties, "KEYS", "key-" + body);
    draft d;
    d.topic = topic;
    d.body = body;
    d.properties = {reinterpret_cast<const char*>(properties.data()), properties.size()};
    encode_draft(drafts, d);
  }
  return {{"group"}, {topic},
          {queue},   static_cast<std::int32_t>(bodies.size()),
          true,      byte_block{std::move(drafts)},
          nullptr};
}

inline std::vector<std::string> numbered(int from, int to) {
  std::vector<std::string> result;
  for (int i = from; i < to; ++i)
    result.push_back("body " + std::to_string(i));
  return result;
}

/// The bodies of a queue's messages from `from` on.
inline std::vector<std::string> bodies_in(const store_view& view, const std::string& topic,
                                          int queue, std::int64_t from = 0,
                                          tag_filter filter = {}) {
  std::vector<std::string> result;
  pull_messages pull;
  pull.topic = {topic};
  pull.queue = {queue};
  pull.from = {from};
  pull.count_max = 7;
  pull.filter = std::move(filter);
  for (;;) {
    auto answer = view.read(pull);
    REQUIRE(answer);
    for_each_record(answer->records.span(),
                    [&](const record_view& r) { result.emplace_back(r.body); });
    if (answer->next == pull.from) return result;
    pull.from = answer->next;
  }
}

/// A store on a disk of the test's choice, with files so small that every border is met.
template <class Directory>
struct store_stage {
  Directory directory;
  store_config config;
  wall_time_ms now = 1'700'000'000'000;
  std::unique_ptr<message_store> store;

  store_stage() {
    config.mapped_file_size_commit_log = 4096;
    config.mapped_file_size_consume_queue = 20 * 10;
    config.max_hash_slot_num = 50;
    config.max_index_num = 40;
    open();
  }

  /// Again after a crash, when the former store was not closed: what it had in memory is lost.
  void open() {
    store.reset();
    auto opened = message_store::open(directory, config, {0x7F000001, 10911}, "1", now);
    if (!opened) FAIL(sentence(opened.error()));
    store = std::move(*opened);
  }
  /// The whole way of a burst with one batch; the receipt, or why not.
  caf::expected<send_receipt> try_send(const send_batch& batch, bool synced = false) {
    auto receipt = store->append(batch, now++);
    if (!receipt) return receipt;
    if (auto committed = store->commit(); !committed) return committed.error();
    if (synced)
      if (auto done = store->sync(); !done) return done.error();
    store->publish(now);
    return receipt;
  }
  send_receipt send(const send_batch& batch, bool synced = false) {
    auto receipt = try_send(batch, synced);
    if (!receipt) FAIL(sentence(receipt.error()));
    return *receipt;
  }
  std::vector<std::string> bodies(const std::string& topic, int queue, std::int64_t from = 0,
                                  tag_filter filter = {}) {
    return bodies_in(*store->view(), topic, queue, from, std::move(filter));
  }
  /// Syncs everything and moves the checkpoint, as the flusher does.
  void flush(bool thorough) {
    auto job = store->start_flush(thorough);
    auto synced = sync(job);
    store->finish_flush(job, synced ? caf::error{} : synced.error());
  }
};

} // namespace cafmq::test
