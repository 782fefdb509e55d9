#include "actors/client/consumer_state_actor.hpp"

namespace cafmq::consuming {

void consumer_state::carry_out(ask_about_queue& question) {
  auto link = links.find(question.queue.broker);
  if (link == links.end()) return;
  std::visit(
    [&](auto& request) {
      using answer_type = answer_of<std::decay_t<decltype(request)>>;
      self->request(link->second, caf::infinite, std::move(request))
        .then(
          [this, queue = question.queue, ticket = question.ticket](const answer_type& answer) {
            machine->answered(queue, ticket, answer, now());
            pump();
          },
          [this, queue = question.queue, ticket = question.ticket](const caf::error& why) {
            machine->question_failed(queue, ticket, why, now());
            pump();
          });
    },
    question.request);
}

void consumer_state::carry_out(deliver_batch& delivery) {
  if (parts.listen) return parts.listen(std::move(delivery.batch), consumer_handle{self});
  auto id = delivery.batch.delivery;
  auto began = now();
  self->request(parts.listener, caf::infinite, std::move(delivery.batch))
    .then(
      [this, id, began](const consume_result& result) {
        auto complete = result;
        complete.delivery = id;
        if (complete.elapsed.count() == 0) complete.elapsed = now() - began;
        consumed(complete);
      },
      [this, id, began](const caf::error& why) {
        log::warn("listener-failed", sentence(why));
        machine->delivery_failed(id, now() - began, now());
        pump();
      });
}

void consumer_state::consumed(const consume_result& result) {
  machine->consumed(result, now());
  pump();
}

void consumer_state::carry_out(tell_group& letter) {
  auto link = links.find(letter.broker);
  if (link == links.end()) return;
  std::visit([&](auto& request) { tell(letter.broker, link->second, request); }, letter.request);
}

void consumer_state::tell(const broker_name& broker, const broker_handle& handle,
                          const join_consumer_group& request) {
  self->request(handle, caf::infinite, request)
    .then(
      [this, broker](const group_joined& answer) {
        machine->joined(broker, answer, now());
        pump();
      },
      [this, broker](const caf::error& why) {
        machine->join_failed(broker, why, now());
        pump();
      });
}

void consumer_state::tell(const broker_name& broker, const broker_handle& handle,
                          const lock_queues& request) {
  self->request(handle, caf::infinite, request)
    .then(
      [this, broker, request, asked = now()](const locked_queues& held) {
        machine->locked(broker, asked, request, held, now());
        pump();
      },
      [this, broker](const caf::error& why) {
        log::warn("lock-failed", sentence(why));
        machine->lock_failed(broker, now());
        pump();
      });
}

void consumer_state::tell(const broker_name& broker, const broker_handle& handle,
                          const commit_offsets& request) {
  auto commit = awaited;
  if (commit) ++commit->open;
  self->request(handle, parts.request_limit, request)
    .then(
      [this, broker, request, commit](const offsets_committed&) {
        machine->committed(broker, request);
        if (commit) commit->settle();
      },
      [this, broker, commit](const caf::error& why) {
        log::warn("commit-failed", sentence(why));
        machine->commit_failed(broker);
        if (commit) commit->settle(why);
      });
}

void consumer_state::tell(const broker_name& broker, const broker_handle& handle,
                          const leave_consumer_group& request) {
  auto farewell = [this, broker] {
    machine->left(broker, now());
    pump();
  };
  self->request(handle, caf::infinite, request)
    .then([farewell](const group_left&) { farewell(); },
          [farewell](const caf::error&) { farewell(); });
}

void consumer_state::tell(const broker_name&, const broker_handle& handle,
                          const release_queues& notice) {
  self->send(handle, notice);
}
void consumer_state::tell(const broker_name&, const broker_handle& handle,
                          const unlock_queues& notice) {
  self->send(handle, notice);
}

void consumer_state::carry_out(keep_offsets& list) {
  if (!parts.local_offsets) return;
  auto commit = awaited;
  if (commit) ++commit->open;
  self
    ->request(
      parts.local_offsets, caf::infinite,
      save_local_offsets{{parts.config.consumer_group}, parts.id, std::move(list.positions)})
    .then(
      [commit](const local_offsets_saved&) {
        if (commit) commit->settle();
      },
      [commit](const caf::error& why) {
        log::warn("local-offsets-not-saved", sentence(why));
        if (commit) commit->settle(why);
      });
}

void consumer_state::carry_out(recall_revoked&) {
  if (!parts.recall) return;
  for (auto id : parts.recall())
    machine->consumed(consume_result{id, {}, {0}, {}}, now());
}

void consumer_state::carry_out(report& line) { log::warn(line.event, line.sentence); }

void consumer_state::carry_out(consumer_done& end) {
  for (auto& promise : closings)
    promise.deliver(consumer_closed{end.running_listeners});
  closings.clear();
  quit(caf::exit_reason::normal);
}

} // namespace cafmq::consuming
