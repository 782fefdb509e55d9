#pragma once

#include <doctest/doctest.h>
#include <map>
#include <random>
#include <set>

#include "actors/client/message_encoder.hpp"
#include "actors/client/send_batcher.hpp"
#include "messages/codec/message_id.hpp"
#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"
#include "support/deterministic_system.hpp"

namespace cafmq::test {

using time_point = send_batcher::time_point;
using batch = send_batcher::batch;

/// How a send ended, kept for the test.
struct ended_send {
  errc code = errc::none;
  std::string sentence;
  std::vector<send_result> results;
};

inline std::vector<std::string> bodies_of(const batch& sent) {
  std::vector<std::string> bodies;
  for_each_record(sent.request.drafts.span(),
                  [&](const record_view& record) { bodies.emplace_back(record.body); });
  return bodies;
}

inline std::string unique_key_in(const batch& sent) {
  return std::string{find_property(check_record(sent.request.drafts.span()).record.properties,
                                   property::unique_key)};
}

/// A batcher, and a world of brokers a and b around it.
struct batching_fixture {
  deterministic_system system; // for handles; the batcher only passes them on
  std::map<std::string, probe> probes;
  producer_config config;
  message_encoder encoder{config, 0x7F000001, unique_key_source{0x7F000001, 1, 1, 0}};
  send_batcher sends{config, 0};
  time_point now{};
  std::vector<ended_send> ends;

  broker_handle link(const std::string& broker) {
    auto i = probes.find(broker);
    if (i == probes.end()) i = probes.emplace(broker, system.spawn_probe()).first;
    return i->second.as<broker_handle>();
  }

  topic_view view_of(std::vector<std::string> brokers, std::vector<std::string> linked,
                     int queues = 2) {
    topic_view view;
    view.topic = {"orders"};
    for (const auto& broker : brokers) {
      view.addresses[{broker}] = "10.0.0.1:10911";
      for (int id = 0; id < queues; ++id)
        view.write_queues.push_back({{"orders"}, {broker}, {id}});
    }
    for (const auto& broker : linked)
      view.brokers[{broker}] = link(broker);
    return view;
  }
  topic_view missing_topic() {
    topic_view view;
    view.topic = {"orders"};
    view.problem = static_cast<std::uint8_t>(errc::topic_not_exist);
    view.problem_sentence = "topic orders is served by no live broker";
    return view;
  }

  void watch_end(outgoing& send) {
    send.done = [this](const send_outcome& outcome) {
      if (outcome.stored())
        ends.push_back({errc::none, {}, outcome.all()});
      else
        ends.push_back({code_of(outcome.failure()), sentence(outcome.failure()), {}});
    };
  }
  outgoing_run one(send_mode mode = send_mode::sync, std::string body = "body",
                   queue_choice* choice = nullptr) {
    auto run = encoder.encode(message{{"orders"}, std::move(body)}, 0);
    REQUIRE(run);
    auto& send = run->sends.front();
    send.mode = mode;
    if (choice != nullptr) send.choice = std::make_unique<queue_choice>(*choice);
    watch_end(send);
    return std::move(*run);
  }
  void send(int count, send_mode mode = send_mode::sync) {
    for (int i = 0; i < count; ++i)
      sends.accept(one(mode), now);
  }
  void send_chosen(queue_choice choice) {
    sends.accept(one(send_mode::sync, "body", &choice), now);
  }
  /// Sends that the actor finds together in the outbox.
  void send_together(int count) {
    outgoing_run all{{"orders"}, {}, {}};
    for (int i = 0; i < count; ++i) {
      auto run = one(send_mode::sync, std::to_string(i));
      all.drafts.insert(all.drafts.end(), run.drafts.begin(), run.drafts.end());
      all.sends.push_back(std::move(run.sends.front()));
    }
    sends.accept(std::move(all), now);
  }

  batch next_batch() {
    auto batches = sends.take_batches();
    REQUIRE(batches.size() == 1);
    return std::move(batches.front());
  }
};

} // namespace cafmq::test
