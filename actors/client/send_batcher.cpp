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

bool says_topic_not_exist(const std::optional<topic_view>& view) {
  return view && view->problem == static_cast<std::uint8_t>(errc::topic_not_exist);
}

} // namespace

send_batcher::send_batcher(const producer_config& config, std::uint64_t rotation_start)
    : config_(config), rotation_start_(rotation_start) {}

// -- from acceptance to a lane ------------------------------------------------------------------

send_batcher::topic_state& send_batcher::state_of(const topic_name& topic) {
  auto [i, is_new] = topics_.try_emplace(topic);
  if (is_new) {
    i->second.rotation = queue_rotation{rotation_start_};
    new_topics_.push_back(topic);
  }
  return i->second;
}

void send_batcher::accept(outgoing_run run, time_point now) {
  auto& topic = state_of(run.topic);
  unfinished_ += static_cast<std::int64_t>(run.sends.size());
  std::span<const std::uint8_t> records{run.drafts};
  for (auto& send : run.sends) {
    auto own = records.first(send.bytes);
    records = records.subspan(send.bytes);
    send.deadline = now + config_.send_msg_timeout;
    if (says_topic_not_exist(topic.view)) {
      finish(send, make_error(errc::topic_not_exist, topic.view->problem_sentence));
      continue;
    }
    if (auto* to = send.choice ? nullptr : lane_to_fill(topic))
      gather(*to, std::move(send), own);
    else
      place(topic, std::move(send), own);
  }
}

/// Sends that may take any queue fill one lane after the other: what waits there goes on filling
/// until it is a turn's worth.
send_batcher::lane* send_batcher::lane_to_fill(topic_state& topic) {
  auto* last = topic.filling;
  const bool goes_on = last != nullptr && last->link && last->writable && last->broker->overdue == 0
                       && !last->sends.empty() && last->sends.newest_count() < sends_per_turn_max;
  if (!goes_on) topic.filling = next_lane(topic, {});
  return topic.filling;
}

send_batcher::lane* send_batcher::next_lane(topic_state& topic, const broker_name& avoided) {
  const auto& lanes = topic.writable;
  auto linked = [&](std::size_t i) { return static_cast<bool>(lanes[i]->link); };
  auto other = [&](std::size_t i) {
    return linked(i) && (avoided.value.empty() || lanes[i]->queue.broker != avoided);
  };
  auto answering = [&](std::size_t i) { return other(i) && lanes[i]->broker->overdue == 0; };
  auto found = topic.rotation.next(lanes.size(), answering);
  if (!found) found = topic.rotation.next(lanes.size(), other);
  if (!found) found = topic.rotation.next(lanes.size(), linked);
  return found ? lanes[*found] : nullptr;
}

void send_batcher::place(topic_state& topic, outgoing send, std::span<const std::uint8_t> records) {
  if (topic.view && !topic.view->write_queues.empty()) {
    if (send.choice) {
      auto queue = chosen_queue(*send.choice, *topic.view);
      if (!queue) return finish(send, queue.error());
      return gather(lane_of(topic, *queue), std::move(send), records);
    }
    if (auto* next = next_lane(topic, {})) return gather(*next, std::move(send), records);
  }
  topic.unrouted.push_back({std::move(send), {records.begin(), records.end()}});
}

void send_batcher::gather(lane& to, outgoing send, std::span<const std::uint8_t> records) {
  if (to.sends.empty()) to.behind = last_number_;
  to.sends.add(std::move(send), records);
  list(to);
}

/// Puts a lane in its broker's turn. What cannot be sent now is listed again when that changes.
void send_batcher::list(lane& of) {
  if (of.listed || of.sends.empty()) return;
  of.listed = true;
  of.broker->ready.push_back(&of);
}

// -- views --------------------------------------------------------------------------------------

void send_batcher::show(const topic_view& view, time_point now) {
  auto& topic = state_of(view.topic);
  std::vector<broker_name> lost;
  if (topic.view)
    for (const auto& [broker, handle] : topic.view->brokers)
      if (view.brokers.count(broker) == 0) lost.push_back(broker);
  topic.view = view;
  show_lanes(topic);
  for (const auto& broker : lost)
    lose_broker(topic, broker, now);
  for (auto& [queue, one] : topic.lanes) {
    if (!one.link || !one.writable) // a chosen queue may be back before the deadline
      one.sends.take_unless(
        [](const outgoing& send) { return send.choice != nullptr; },
        [&](outgoing send, std::span<const std::uint8_t> records) {
          topic.unrouted.push_back({std::move(send), {records.begin(), records.end()}});
        });
    list(one);
  }
  for (auto& held : std::exchange(topic.unrouted, {})) {
    if (says_topic_not_exist(topic.view))
      finish(held.send, make_error(errc::topic_not_exist, view.problem_sentence));
    else
      place(topic, std::move(held.send), held.records);
  }
}

send_batcher::lane& send_batcher::lane_of(topic_state& topic, const message_queue& queue) {
  auto i = topic.lanes.find(queue);
  if (i != topic.lanes.end()) return i->second;
  lane made{queue, send_lane{static_cast<std::size_t>(config_.batch_bytes_max)}};
  made.topic = &topic;
  made.broker = &windows_[queue.broker];
  auto link = topic.view->brokers.find(queue.broker);
  if (link != topic.view->brokers.end()) made.link = link->second;
  made.where = destination(queue, *topic.view);
  return topic.lanes.emplace(queue, std::move(made)).first->second;
}

void send_batcher::show_lanes(topic_state& topic) {
  topic.writable.clear();
  for (const auto& queue : topic.view->write_queues)
    topic.writable.push_back(&lane_of(topic, queue));
  for (auto& [queue, known] : topic.lanes) {
    auto link = topic.view->brokers.find(queue.broker);
    known.link = link != topic.view->brokers.end() ? link->second : broker_handle{};
    known.where = destination(queue, *topic.view);
    known.writable = false;
  }
  for (auto* shown : topic.writable)
    shown->writable = true;
}

void send_batcher::lose_broker(topic_state& topic, const broker_name& broker, time_point now) {
  auto why =
    make_error(errc::broker_not_exist, "the connection to broker " + broker.value
                                         + " broke; whether it stored the message is not known");
  std::vector<std::uint64_t> lost;
  for (const auto& [number, request] : flights_)
    if (request.to->queue.broker == broker && request.to->queue.topic == topic.view->topic)
      lost.push_back(number);
  // The newest first, because each goes in front of what waits.
  for (auto number = lost.rbegin(); number != lost.rend(); ++number)
    try_again(*land(*number), ending::link_lost, why, now);
}

// -- requests -----------------------------------------------------------------------------------

bool send_batcher::can_send(const lane& of) const {
  if (of.sends.empty() || !of.link) return false;
  return of.in_flight == 0 || (of.in_flight < batches_in_flight_max && of.sends.has_full_batch());
}

/// Whether so few sends should go while others are under way to their broker. Only where more will
/// come: a lane that is not being filled waits for nobody. And only for requests that left before,
/// so that it ends with their answers, whatever goes on to be sent. Pre: `can_send(of)`.
bool send_batcher::is_worth_a_request(const lane& of) const {
  if (&of != of.topic->filling) return true;
  std::size_t under_way = 0;
  for (const auto& [number, request] : flights_) // a few a broker
    if (number <= of.behind && request.to->topic == of.topic && request.to->broker == of.broker)
      under_way += request.sends.size() - request.ended;
  return of.sends.newest_count() * under_way_for_one >= under_way;
}

std::vector<send_batcher::batch> send_batcher::take_batches() {
  std::vector<batch> batches;
  for (auto& [name, window] : windows_) {
    std::vector<lane*> too_few; // to be looked at again in the next round
    while (window.in_flight < requests_in_flight_max && !window.ready.empty()) {
      auto* next = window.ready.front();
      window.ready.pop_front();
      next->listed = false;
      if (!can_send(*next)) continue;
      if (!is_worth_a_request(*next)) {
        too_few.push_back(next);
        continue;
      }
      batches.push_back(make_batch(*next));
      list(*next);
    }
    for (auto* one : too_few)
      list(*one);
  }
  return batches;
}

send_batcher::batch send_batcher::make_batch(lane& of) {
  auto content = of.sends.take();
  batch result;
  result.number = ++last_number_;
  result.broker = of.link;
  auto& request = result.request;
  request.producer_group = {config_.producer_group};
  request.topic = of.queue.topic;
  request.queue = of.queue.id;
  request.count = 0;
  request.wait_store = content.sends.front().wait_store;
  for (auto& send : content.sends) {
    request.count += send.count;
    ++send.attempts;
  }
  request.drafts = byte_block{std::move(content.drafts)};
  ++of.in_flight;
  ++of.broker->in_flight;
  flights_.emplace(result.number, flight{&of, request.drafts, std::move(content.sends), 0, {}});
  return result;
}

std::optional<send_batcher::flight> send_batcher::land(std::uint64_t number) {
  auto i = flights_.find(number);
  if (i == flights_.end()) return std::nullopt; // given up before
  auto result = std::move(i->second);
  flights_.erase(i);
  --result.to->in_flight;
  --result.to->broker->in_flight;
  if (result.overdue_since) --result.to->broker->overdue;
  list(*result.to);
  return result;
}

// -- outcomes -----------------------------------------------------------------------------------

void send_batcher::succeeded(std::uint64_t number, const send_receipt& receipt) {
  auto landed = land(number);
  if (!landed) return;
  auto first = receipt;
  auto records = landed->drafts.span();
  for (std::size_t i = 0; i < landed->sends.size(); ++i) {
    auto& send = landed->sends[i];
    if (i >= landed->ended) {
      count_end(send);
      if (send.done) send.done(send_outcome{first, landed->to->where, records.first(send.bytes)});
    }
    records = records.subspan(send.bytes);
    first.first_offset = first.first_offset + send.count;
    first.first_position = first.first_position + static_cast<std::int64_t>(send.bytes);
  }
}

void send_batcher::failed(std::uint64_t number, const caf::error& why, time_point now) {
  auto landed = land(number);
  if (!landed) return;
  auto code = code_of(why);
  if (code == errc::topic_not_exist || code == errc::no_permission
      || code == errc::invalid_parameter)
    doubt(landed->to->queue.topic, now);
  if (code == errc::message_illegal && landed->sends.size() > 1)
    try_alone(std::move(*landed));
  else
    try_again(std::move(*landed), ending::answered, why, now);
}

/// The sends of a refused or lost request take other queues, unless their caller chose the queue,
/// the answer is final, they were tried often enough, or time is up.
void send_batcher::try_again(flight landed, ending how, const caf::error& why, time_point now) {
  const auto& failed_queue = landed.to->queue;
  auto& topic = topics_.at(failed_queue.topic);
  auto is_final = [&](const outgoing& send) {
    return send.choice || send.attempts >= attempts_max(send.mode, config_) || send.deadline <= now
           || (how == ending::answered && !is_retriable_answer(code_of(why), send.mode));
  };
  std::vector<std::pair<lane*, gathering>> again; // in the order of first use
  landed.for_each_open([&](outgoing& send, std::span<const std::uint8_t> own) {
    if (is_final(send)) {
      finish(send, why);
    } else if (auto* next = next_lane(topic, failed_queue.broker)) {
      auto known = std::find_if(again.begin(), again.end(),
                                [&](const auto& entry) { return entry.first == next; });
      if (known == again.end()) known = again.emplace(again.end(), next, gathering{});
      known->second.add(std::move(send), own);
    } else {
      topic.unrouted.push_back({std::move(send), {own.begin(), own.end()}});
    }
  });
  for (auto& [to, sends] : again) {
    to->sends.add_first(std::move(sends));
    list(*to);
  }
}

/// One bad send must not harm those that travelled with it: each is sent by itself, in order.
void send_batcher::try_alone(flight landed) {
  std::vector<gathering> singles;
  landed.for_each_open([&](outgoing& send, std::span<const std::uint8_t> own) {
    send.alone = true;
    --send.attempts;
    singles.emplace_back().add(std::move(send), own);
  });
  for (auto single = singles.rbegin(); single != singles.rend(); ++single)
    landed.to->sends.add_first(std::move(*single));
  list(*landed.to);
}

void send_batcher::doubt(const topic_name& name, time_point now) {
  auto& topic = topics_.at(name);
  if (now < topic.next_refresh) return;
  topic.next_refresh = now + refresh_interval;
  doubted_topics_.push_back(name);
}

// -- ends ---------------------------------------------------------------------------------------

void send_batcher::count_end(const outgoing& send) {
  --unfinished_;
  if (!send.holds_room) return;
  freed_.messages += send.count;
  freed_.bytes += send.bytes;
}

void send_batcher::finish(outgoing& send, caf::error why) {
  count_end(send);
  if (send.done) send.done(send_outcome{std::move(why)});
}

void send_batcher::finish_late(outgoing& send, const topic_name& name, const topic_state& topic) {
  finish(send, late_error(name, topic.view ? &*topic.view : nullptr, send.attempts > 0,
                          config_.send_msg_timeout));
}

void send_batcher::expire(time_point now) {
  auto in_time = [&](const outgoing& send) { return send.deadline > now; };
  for (auto& [name, topic] : topics_) {
    for (auto& held : topic.unrouted)
      if (!in_time(held.send)) finish_late(held.send, name, topic);
    std::erase_if(topic.unrouted, [&](const held_send& held) { return !in_time(held.send); });
    for (auto& entry : topic.lanes)
      if (entry.second.sends.holds_late(now))
        entry.second.sends.take_unless(in_time, [&](outgoing send, std::span<const std::uint8_t>) {
          finish_late(send, entry.first.topic, topics_.at(entry.first.topic));
        });
  }
  expire_flights(now);
}

void send_batcher::expire_flights(time_point now) {
  std::vector<std::uint64_t> hopeless;
  for (auto& [number, request] : flights_) {
    const auto& name = request.to->queue.topic;
    while (request.ended < request.sends.size() && request.sends[request.ended].deadline <= now)
      finish_late(request.sends[request.ended++], name, topics_.at(name));
    if (request.ended < request.sends.size()) continue;
    if (!request.overdue_since) {
      request.overdue_since = now;
      ++request.to->broker->overdue;
    } else if (now - *request.overdue_since >= overdue_request_max) {
      hopeless.push_back(number);
    }
  }
  for (auto number : hopeless)
    land(number);
}

void send_batcher::refuse(outgoing_run run, const caf::error& why) {
  unfinished_ += static_cast<std::int64_t>(run.sends.size());
  for (auto& send : run.sends)
    finish(send, why);
}

std::int32_t send_batcher::abandon() {
  auto given_up = static_cast<std::int32_t>(unfinished_);
  auto closed =
    make_error(errc::client_closed, "the producer was closed before the message was acknowledged");
  for (auto& [number, request] : std::exchange(flights_, {}))
    for (auto i = request.ended; i < request.sends.size(); ++i)
      finish(request.sends[i], closed);
  for (auto& [name, topic] : topics_) {
    for (auto& held : std::exchange(topic.unrouted, {}))
      finish(held.send, closed);
    for (auto& [queue, known] : topic.lanes)
      known.sends.take_unless(
        [](const outgoing&) { return false; },
        [&](outgoing send, std::span<const std::uint8_t>) { finish(send, closed); });
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

caf::error late_error(const topic_name& topic, const topic_view* view, bool was_sent,
                      std::chrono::milliseconds timeout) {
  auto within = " within " + std::to_string(timeout.count()) + " ms (sendMsgTimeout)";
  if (was_sent)
    return make_error(errc::request_timeout, "no answer to a send to topic " + topic.value + within
                                               + "; it may or may not be stored");
  if (view != nullptr && view->problem != 0)
    return make_error(static_cast<errc>(view->problem), view->problem_sentence);
  if (view != nullptr && !view->write_queues.empty())
    return make_error(errc::broker_not_exist,
                      "no broker of topic " + topic.value + " took a send" + within);
  if (view != nullptr && !view->read_queues.empty())
    return make_error(errc::no_permission,
                      "topic " + topic.value
                        + " has no queue that may be written; change its perm or writeQueueNums");
  return make_error(errc::no_name_server,
                    "no name server has answered where topic " + topic.value + " is served");
}

} // namespace cafmq
