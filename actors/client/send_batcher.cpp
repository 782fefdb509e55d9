#include "actors/client/send_batcher.hpp"

#include <algorithm>
#include <charconv>

#include "messages/codec/message_id.hpp"
#include "messages/codec/record.hpp"

namespace cafmq {

namespace {

std::shared_ptr<const sent_to> destination(const message_queue& queue, const topic_view& view) {
  auto result = std::make_shared<sent_to>();
  result->queue = queue;
  if (auto known = view.addresses.find(queue.broker); known != view.addresses.end()) {
    std::string_view address = known->second;
    auto colon = address.rfind(':');
    parse_ipv4(address.substr(0, colon), result->address);
    if (colon != std::string_view::npos)
      std::from_chars(address.data() + colon + 1, address.data() + address.size(), result->port);
  }
  return result;
}

/// Results of all messages of one send, whose first record lies at `offset` and `position`; both
/// move behind it.
std::vector<send_result> results_of(const outgoing& send, const send_receipt& receipt,
                                    const std::shared_ptr<const sent_to>& where,
                                    queue_offset& offset, log_position& position) {
  std::vector<send_result> results;
  results.reserve(send.keys.size());
  std::span<const std::uint8_t> rest{send.drafts};
  for (const auto& key : send.keys) {
    results.emplace_back(receipt.status, key, where, offset, position);
    auto size = record_size(rest);
    offset = offset + 1;
    position = position + size;
    rest = rest.subspan(static_cast<std::size_t>(size));
  }
  return results;
}

} // namespace

send_batcher::send_batcher(const producer_config& config, std::uint64_t rotation_start)
    : config_(config), rotation_start_(rotation_start) {}

send_batcher::topic_state& send_batcher::state_of(const topic_name& topic) {
  auto [i, is_new] = topics_.try_emplace(topic);
  if (is_new) {
    i->second.rotation = queue_rotation{rotation_start_};
    new_topics_.push_back(topic);
  }
  return i->second;
}

void send_batcher::accept(outgoing send, time_point now) {
  ++unfinished_;
  send.deadline = now + config_.send_msg_timeout;
  auto& topic = state_of(send.topic);
  if (topic.view && topic.view->problem == static_cast<std::uint8_t>(errc::topic_not_exist))
    return finish(send, make_error(errc::topic_not_exist, topic.view->problem_sentence));
  route(topic, std::move(send), false);
}

void send_batcher::route(topic_state& topic, outgoing send, bool in_front) {
  std::optional<message_queue> queue;
  if (topic.view && !topic.view->write_queues.empty())
    queue = send.has_choice() ? chosen_queue(send, *topic.view)
                              : topic.rotation.next(*topic.view, send.avoided);
  auto& waiting = queue ? topic.lanes[*queue].waiting : topic.unrouted;
  if (queue) {
    topic.lanes[*queue].waiting_bytes += send.drafts.size();
    topic.ready.insert(*queue);
  }
  if (in_front)
    waiting.push_front(std::move(send));
  else
    waiting.push_back(std::move(send));
}

void send_batcher::show(const topic_view& view, time_point now) {
  auto& topic = state_of(view.topic);
  std::vector<broker_name> lost;
  if (topic.view)
    for (const auto& [broker, handle] : topic.view->brokers)
      if (view.brokers.count(broker) == 0) lost.push_back(broker);
  topic.view = view;
  for (const auto& broker : lost)
    lose_broker(topic, broker, now);
  if (view.problem == static_cast<std::uint8_t>(errc::topic_not_exist)) {
    for (auto& send : std::exchange(topic.unrouted, {}))
      finish(send, make_error(errc::topic_not_exist, view.problem_sentence));
  }
  route_unrouted(topic);
  for (const auto& [queue, lane] : topic.lanes)
    if (!lane.waiting.empty()) topic.ready.insert(queue);
}

void send_batcher::route_unrouted(topic_state& topic) {
  for (auto& send : std::exchange(topic.unrouted, {}))
    route(topic, std::move(send), false);
}

void send_batcher::lose_broker(topic_state& topic, const broker_name& broker, time_point now) {
  auto why =
    make_error(errc::broker_not_exist, "the connection to broker " + broker.value
                                         + " broke; whether it stored the message is not known");
  for (auto i = flights_.begin(); i != flights_.end();) {
    if (i->second.queue.broker != broker || i->second.queue.topic != topic.view->topic) {
      ++i;
      continue;
    }
    auto sends = std::move(i->second.sends);
    --topic.lanes[i->second.queue].in_flight;
    i = flights_.erase(i);
    for (auto send = sends.rbegin(); send != sends.rend(); ++send) {
      send->avoided = broker;
      retry(std::move(*send), why, now);
    }
  }
  for (auto& [queue, lane] : topic.lanes) {
    if (queue.broker != broker) continue;
    std::deque<outgoing> kept;
    for (auto& send : std::exchange(lane.waiting, {})) {
      if (send.has_choice()) {
        kept.push_back(std::move(send)); // its broker may be back before its deadline
        continue;
      }
      lane.waiting_bytes -= send.drafts.size();
      topic.unrouted.push_back(std::move(send));
    }
    lane.waiting = std::move(kept);
  }
}

/// A send whose attempt failed takes another queue, unless its caller chose the queue, it was tried
/// often enough, or time is up.
void send_batcher::retry(outgoing send, const caf::error& why, time_point now) {
  auto tries = send.mode == send_mode::sync    ? 1 + config_.retry_times_when_send_failed
               : send.mode == send_mode::async ? 1 + config_.retry_times_when_send_async_failed
                                               : 1;
  if (send.has_choice() || send.attempts >= tries || send.deadline <= now) return finish(send, why);
  auto& topic = state_of(send.topic);
  route(topic, std::move(send), true);
}

bool send_batcher::can_send(const topic_state& topic, const message_queue& queue,
                            const queue_lane& lane) const {
  if (lane.waiting.empty() || !topic.view || topic.view->brokers.count(queue.broker) == 0)
    return false;
  if (lane.in_flight == 0) return true;
  return lane.in_flight < batches_in_flight_max
         && lane.waiting_bytes >= static_cast<std::size_t>(config_.batch_bytes_max);
}

std::vector<topic_name> send_batcher::take_new_topics() { return std::exchange(new_topics_, {}); }

std::vector<send_batcher::batch> send_batcher::take_batches() {
  std::vector<batch> batches;
  for (auto& [name, topic] : topics_)
    for (const auto& queue : std::exchange(topic.ready, {})) {
      auto& lane = topic.lanes[queue];
      while (can_send(topic, queue, lane))
        batches.push_back(make_batch(topic, queue, lane));
    }
  return batches;
}

send_batcher::batch send_batcher::make_batch(topic_state& topic, const message_queue& queue,
                                             queue_lane& lane) {
  auto number = ++last_number_;
  auto& flight = flights_[number];
  flight.queue = queue;
  flight.where = destination(queue, *topic.view);
  batch result;
  result.number = number;
  result.broker = topic.view->brokers.at(queue.broker);
  auto& request = result.request;
  request.producer_group = {config_.producer_group};
  request.topic = queue.topic;
  request.queue = queue.id;
  request.count = 0;
  request.wait_store = lane.waiting.front().wait_store;
  byte_block::bytes drafts;
  drafts.reserve(std::min(lane.waiting_bytes, static_cast<std::size_t>(config_.batch_bytes_max)
                                                + lane.waiting.front().drafts.size()));
  while (!lane.waiting.empty()) {
    auto& send = lane.waiting.front();
    bool fits =
      drafts.size() + send.drafts.size() <= static_cast<std::size_t>(config_.batch_bytes_max);
    if (request.count > 0 && (!fits || send.wait_store != request.wait_store || send.alone)) break;
    drafts.insert(drafts.end(), send.drafts.begin(), send.drafts.end());
    lane.waiting_bytes -= send.drafts.size();
    request.count += send.count();
    ++send.attempts;
    bool was_alone = send.alone;
    flight.sends.push_back(std::move(send));
    lane.waiting.pop_front();
    if (was_alone) break;
  }
  assign_queue(drafts, queue.id);
  request.drafts = byte_block{std::move(drafts)};
  ++lane.in_flight;
  return result;
}

std::optional<send_batcher::batch_flight> send_batcher::land(std::uint64_t number) {
  auto i = flights_.find(number);
  if (i == flights_.end()) return std::nullopt; // given up before
  auto result = std::move(i->second);
  flights_.erase(i);
  auto& topic = topics_.at(result.queue.topic);
  --topic.lanes[result.queue].in_flight;
  topic.ready.insert(result.queue);
  return result;
}

void send_batcher::succeeded(std::uint64_t number, const send_receipt& receipt) {
  auto landed = land(number);
  if (!landed) return;
  auto offset = receipt.first_offset;
  auto position = receipt.first_position;
  for (auto& send : landed->sends) {
    --unfinished_;
    auto results = results_of(send, receipt, landed->where, offset, position);
    if (send.done) send.done(send_outcome{{}, std::move(results)});
  }
}

void send_batcher::failed(std::uint64_t number, const caf::error& why, time_point now) {
  auto landed = land(number);
  if (!landed) return;
  auto code = code_of(why);
  bool blame_one = code == errc::message_illegal && landed->sends.size() > 1;
  for (auto send = landed->sends.rbegin(); send != landed->sends.rend(); ++send) {
    if (blame_one) {
      send->alone = true;
      --send->attempts;
      route(topics_.at(landed->queue.topic), std::move(*send), true);
    } else if (is_retriable_answer(code, send->mode)) {
      send->avoided = landed->queue.broker;
      retry(std::move(*send), why, now);
    } else {
      finish(*send, why);
    }
  }
}

void send_batcher::finish(outgoing& send, caf::error why) {
  --unfinished_;
  fail(send, std::move(why));
}

caf::error send_batcher::late(const outgoing& send, const topic_state& topic) const {
  auto topic_text = "topic " + send.topic.value;
  if (send.attempts > 0)
    return make_error(errc::request_timeout,
                      "no answer to a send to " + topic_text + " within "
                        + std::to_string(config_.send_msg_timeout.count())
                        + " ms (sendMsgTimeout); it may or may not be stored");
  if (topic.view && topic.view->problem != 0)
    return make_error(static_cast<errc>(topic.view->problem), topic.view->problem_sentence);
  if (topic.view && !topic.view->write_queues.empty())
    return make_error(errc::broker_not_exist,
                      "no broker of " + topic_text + " could be reached within "
                        + std::to_string(config_.send_msg_timeout.count()) + " ms");
  if (topic.view && !topic.view->read_queues.empty())
    return make_error(errc::no_permission,
                      topic_text
                        + " has no queue that may be written; change its perm or writeQueueNums");
  return make_error(errc::no_name_server,
                    "no name server has answered where " + topic_text + " is served");
}

void send_batcher::expire_front(std::deque<outgoing>& sends, std::size_t* bytes,
                                const topic_state& topic, time_point now) {
  while (!sends.empty() && sends.front().deadline <= now) {
    auto send = std::move(sends.front());
    sends.pop_front();
    if (bytes != nullptr) *bytes -= send.drafts.size();
    finish(send, late(send, topic));
  }
}

void send_batcher::expire(time_point now) {
  for (auto& [name, topic] : topics_) {
    expire_front(topic.unrouted, nullptr, topic, now);
    for (auto& [queue, lane] : topic.lanes)
      expire_front(lane.waiting, &lane.waiting_bytes, topic, now);
  }
  std::vector<std::uint64_t> overdue;
  for (const auto& [number, flight] : flights_)
    if (std::all_of(flight.sends.begin(), flight.sends.end(),
                    [&](const outgoing& send) { return send.deadline <= now; }))
      overdue.push_back(number);
  for (auto number : overdue) {
    auto landed = land(number);
    for (auto& send : landed->sends)
      finish(send, late(send, topics_.at(send.topic)));
  }
}

std::int32_t send_batcher::abandon() {
  auto given_up = static_cast<std::int32_t>(unfinished_);
  auto closed =
    make_error(errc::client_closed, "the producer was closed before the message was acknowledged");
  for (auto& [number, flight] : std::exchange(flights_, {}))
    for (auto& send : flight.sends)
      finish(send, closed);
  for (auto& [name, topic] : topics_) {
    for (auto& send : std::exchange(topic.unrouted, {}))
      finish(send, closed);
    for (auto& [queue, lane] : topic.lanes)
      for (auto& send : std::exchange(lane.waiting, {}))
        finish(send, closed);
  }
  return given_up;
}

const topic_view* send_batcher::view(const topic_name& topic) const {
  auto i = topics_.find(topic);
  return i == topics_.end() || !i->second.view ? nullptr : &*i->second.view;
}

std::map<broker_name, broker_handle> send_batcher::brokers() const {
  std::map<broker_name, broker_handle> result;
  for (const auto& [name, topic] : topics_)
    if (topic.view) result.insert(topic.view->brokers.begin(), topic.view->brokers.end());
  return result;
}

} // namespace cafmq
