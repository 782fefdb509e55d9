#include "support/virtual_cluster.hpp"

#include <caf/message_view.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/type_erased_tuple.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <doctest/doctest.h>

#include "actors/broker/broker_actor.hpp"
#include "actors/client/client_actor.hpp"
#include "actors/consumer_group/consumer_group_actor.hpp"
#include "actors/message_queue/message_queue_actor.hpp"
#include "actors/metadata_store/metadata_store_actor.hpp"
#include "actors/name_server/name_server_actor.hpp"
#include "actors/producer_group/producer_group_actor.hpp"
#include "actors/safe_actor.hpp"
#include "actors/store/cold_reader_actor.hpp"
#include "actors/store/commit_log_actor.hpp"
#include "actors/store/message_store.hpp"
#include "messages/batch_messages.hpp"
#include "messages/codec/properties.hpp"
#include "messages/codec/record.hpp"
#include "runtime/storage/memory_directory.hpp"
#include "support/memory_files.hpp"

namespace cafmq::test {

namespace {

constexpr auto name_server_address = "ns:9876";

/// Small files, so that a store costs little memory.
store_config small_store() {
  store_config config;
  config.mapped_file_size_commit_log = 1 << 20;
  config.mapped_file_size_consume_queue = 20'000;
  config.max_hash_slot_num = 1'000;
  config.max_index_num = 4'000;
  return config;
}

struct wire {
  bool silent = false;
  bool loses_locks = false;

  bool loses(const caf::message_view& letter) const {
    return silent || (loses_locks && letter.content().match_elements<lock_queues>());
  }
};

/// What a client process holds in place of a broker's handle: it hands on, under the sender's name,
/// unless the wire loses the letter; and it dies with the broker.
caf::behavior link_actor(caf::event_based_actor* self, const broker_handle& broker,
                         const std::shared_ptr<wire>& line) {
  auto target = caf::actor_cast<caf::actor>(broker);
  self->monitor(target);
  self->set_down_handler([self](caf::down_msg&) {
    self->quit(caf::make_error(caf::exit_reason::remote_link_unreachable));
  });
  self->set_default_handler(
    [self, target, line](caf::scheduled_actor*,
                         caf::message_view& what) -> caf::result<caf::message> {
      if (line->loses(what)) {
        if (self->current_message_id().is_request())
          return self->make_response_promise(); // which nobody keeps: no answer, ever
        return caf::message{};
      }
      self->delegate(target, what.move_content_to_message());
      return caf::delegated<caf::message>{};
    });
  return {[](caf::unit_t) {}};
}

connector_handle::behavior_type connector(connector_handle::pointer self,
                                          const name_server_handle& name_server,
                                          std::function<broker_handle(const std::string&)> find,
                                          const std::shared_ptr<wire>& line) {
  make_safe(self);
  return {
    [=](const connect_name_server&) -> caf::result<name_server_link> {
      return name_server_link{name_server};
    },
    [=](const connect_broker& to) -> caf::result<broker_link> {
      auto broker = find(to.address);
      if (!broker || (line && line->silent)) return make_error(errc::broker_not_exist);
      if (!line) return broker_link{broker};
      return broker_link{
        caf::actor_cast<broker_handle>(self->system().spawn(link_actor, broker, line))};
    },
  };
}

struct listener_state {
  std::vector<caf::typed_response_promise<consume_result>> kept;
};

listener_handle::behavior_type listener(listener_handle::stateful_pointer<listener_state> self,
                                        std::shared_ptr<listener_script> script,
                                        std::vector<heard>* log, const std::string& name) {
  make_safe(self);
  return {[=](const consume_batch& batch) -> caf::result<consume_result> {
    if (script->hangs) {
      self->state.kept.push_back(self->make_response_promise<consume_result>());
      return self->state.kept.back();
    }
    consume_result result{batch.delivery, {}, no_offset, {}};
    auto whole = for_each_message(batch, [&](const received_message& message) {
      heard one{name,
                batch.queue,
                message.queue_offset(),
                std::string{message.body()},
                std::string{message.tags()},
                message.reconsume_times(),
                self->clock().now()};
      if (script->consume && !script->consume(one))
        result.failed.push_back({message.queue_offset()});
      else
        log->push_back(std::move(one));
      return !batch.in_order || result.failed.empty();
    });
    CHECK(whole);
    return result;
  }};
}

} // namespace

struct virtual_cluster::running_broker {
  memory_directory directory;
  std::shared_ptr<memory_files> files = std::make_shared<memory_files>();
  std::shared_ptr<std::vector<caf::actor>> children = std::make_shared<std::vector<caf::actor>>();
  commit_log_handle commit_log;
  cold_reader_handle cold_reader;
  metadata_store_handle metadata;
  broker_handle broker;
};

struct virtual_cluster::client_process {
  std::shared_ptr<wire> line = std::make_shared<wire>();
  connector_handle connector;
  client_handle client;
  std::vector<caf::actor> actors;
  int members = 0;
};

virtual_cluster::virtual_cluster(std::optional<std::uint64_t> seed) : system(seed) {
  defaults.namesrv_addr = {name_server_address};
  defaults.store = small_store();
  name_server_ = spawn_name_server(system.system(), {});
  connector_ = system.spawn(
    connector, name_server_, [](const std::string&) { return broker_handle{}; }, nullptr);
}

virtual_cluster::~virtual_cluster() = default;

void virtual_cluster::start_broker(const std::string& name) {
  auto& slot = brokers_[name];
  if (!slot) slot = std::make_unique<running_broker>();
  auto& running = *slot;
  auto config = defaults;
  config.broker_name = name;
  auto clock = system.clock();
  auto opened =
    message_store::open(running.directory, config.store, {0x7F000001, 10'911}, "1", clock());
  REQUIRE_MESSAGE(opened, sentence(opened ? caf::error{} : opened.error()));
  std::shared_ptr<message_store> store = std::move(*opened);
  auto view = store->view();
  auto files = memory_files::port(running.files);
  auto tables = load_metadata(files)->tables;
  running.metadata =
    spawn_metadata_store(system.system(), placement::shared_thread,
                         {tables, files, clock, config.flush_consumer_offset_interval});
  auto counters = std::make_shared<broker_counters>();
  running.commit_log = spawn_commit_log(system.system(), placement::shared_thread, config.store,
                                        {store, counters, clock, [](wall_time_ms) { return 12; }});
  running.cold_reader = spawn_cold_reader(system.system(), placement::shared_thread, view);
  broker_parts parts;
  parts.commit_log = running.commit_log;
  parts.metadata_store = running.metadata;
  parts.cold_reader = running.cold_reader;
  parts.connector = connector_;
  parts.counters = counters;
  parts.clock = clock;
  parts.address = name;
  parts.topics_version = tables.topics_version();
  parts.topics = tables.topics();
  parts.groups = tables.groups();
  auto children = running.children;
  parts.make_queue = [=, log = running.commit_log,
                      cold = running.cold_reader](caf::actor_system& in, const local_queue& queue) {
    auto made = spawn_message_queue(
      in, config,
      {queue, [view](const pull_messages& pull) { return view->read_resident(pull); }, log, cold,
       counters});
    children->push_back(caf::actor_cast<caf::actor>(made));
    return made;
  };
  parts.make_consumer_group = [=, metadata = running.metadata](caf::actor_system& in,
                                                               const group_name& group,
                                                               std::vector<queue_position> offsets,
                                                               const group_host_handle& host) {
    auto made = spawn_consumer_group(
      in, config,
      {group, std::move(offsets), metadata, host,
       [view](const local_queue& queue) { return view->bounds(queue); }, clock});
    children->push_back(caf::actor_cast<caf::actor>(made));
    return made;
  };
  parts.make_producer_group = [=](caf::actor_system& in, const group_name& group) {
    return spawn_producer_group(in, config, group);
  };
  running.broker = spawn_broker(system.system(), config, std::move(parts));
  system.settle();
}

void virtual_cluster::kill_broker(const std::string& name) {
  auto& running = *brokers_.at(name);
  for (auto& child : std::exchange(*running.children, {}))
    system.kill(child);
  system.kill(running.metadata);
  system.kill(running.cold_reader);
  system.kill(running.broker);
  system.kill(running.commit_log);
  running.broker = nullptr;
}

void virtual_cluster::create_topic(const std::string& topic, std::int32_t queues) {
  alter_topic(topic, queues, queues);
}

void virtual_cluster::alter_topic(const std::string& topic, std::int32_t read, std::int32_t write) {
  topic_config config;
  config.topic = {topic};
  config.read_queues = read;
  config.write_queues = write;
  for (auto& [name, running] : brokers_)
    if (running->broker)
      REQUIRE(system.ask<topic_changed>(running->broker, update_topic{config, false}));
}

void virtual_cluster::remove_topic(const std::string& topic) {
  for (auto& [name, running] : brokers_)
    if (running->broker) REQUIRE(system.ask<topic_deleted>(running->broker, delete_topic{{topic}}));
}

std::int64_t virtual_cluster::send(const std::string& topic, std::int32_t queue,
                                   const std::string& body, const std::string& tag,
                                   const std::string& broker) {
  std::vector<std::uint8_t> properties;
  if (!tag.empty()) append_property(properties, property::tags, tag);
  draft d;
  d.topic = topic;
  d.body = body;
  d.properties = {reinterpret_cast<const char*>(properties.data()), properties.size()};
  d.born_timestamp = system.wall_now();
  std::vector<std::uint8_t> drafts;
  encode_draft(drafts, d);
  send_batch batch;
  batch.producer_group = {"producers"};
  batch.topic = {topic};
  batch.queue = {queue};
  batch.drafts = byte_block{std::move(drafts)};
  auto receipt = system.ask<send_receipt>(brokers_.at(broker)->broker, batch);
  REQUIRE_MESSAGE(receipt, sentence(receipt ? caf::error{} : receipt.error()));
  return receipt->first_offset.value;
}

void virtual_cluster::send_many(const std::string& topic, int count, std::int32_t queues) {
  for (int i = 0; i < count; ++i)
    send(topic, i % queues, std::to_string(i));
}

virtual_cluster::client_process& virtual_cluster::process(const std::string& name) {
  auto& slot = processes_[name];
  if (slot) return *slot;
  slot = std::make_unique<client_process>();
  auto find = [this](const std::string& address) {
    auto i = brokers_.find(address);
    return i == brokers_.end() ? broker_handle{} : i->second->broker;
  };
  slot->connector = system.spawn(connector, name_server_, find, slot->line);
  client_config config;
  config.namesrv_addr = {name_server_address};
  slot->client = spawn_client(system.system(), config, slot->connector, system.random());
  slot->actors.push_back(caf::actor_cast<caf::actor>(slot->client));
  return *slot;
}

consumer_handle virtual_cluster::consume(const std::string& name, consumer_config config,
                                         std::vector<subscription> subscriptions,
                                         std::shared_ptr<listener_script> script,
                                         local_offset_handle offsets) {
  auto& home = process(name);
  if (!script) script = std::make_shared<listener_script>();
  auto ear = system.spawn(listener, script, &log, name);
  auto number = home.members++;
  auto spawned = spawn_consumer(system.system(),
                                {.config = std::move(config),
                                 .client = home.client,
                                 .id = {number == 0 ? name : name + "#" + std::to_string(number)},
                                 .subscriptions = std::move(subscriptions),
                                 .listener = ear,
                                 .listen = {},
                                 .recall = {},
                                 .local_offsets = std::move(offsets),
                                 .clock = system.clock()});
  REQUIRE(spawned);
  home.actors.push_back(caf::actor_cast<caf::actor>(*spawned));
  home.actors.push_back(caf::actor_cast<caf::actor>(ear));
  system.settle();
  return *spawned;
}

void virtual_cluster::close(const consumer_handle& consumer) {
  auto closed = system.request<consumer_closed>(consumer, close_consumer{});
  system.advance(std::chrono::seconds{10});
  CHECK(closed.succeeded());
}

void virtual_cluster::kill_process(const std::string& name) {
  for (auto& actor : processes_.at(name)->actors)
    system.kill(actor);
  processes_.erase(name);
}

void virtual_cluster::kill_listener(const std::string& name) {
  system.kill(processes_.at(name)->actors.at(2)); // after its client and its consumer
}

void virtual_cluster::silence(const std::string& name, bool silent) {
  processes_.at(name)->line->silent = silent;
}

void virtual_cluster::lose_locks(const std::string& name, bool lost) {
  processes_.at(name)->line->loses_locks = lost;
}

group_description virtual_cluster::describe(const std::string& group, const std::string& broker) {
  auto described =
    system.ask<group_description>(brokers_.at(broker)->broker, describe_group{{group}});
  REQUIRE_MESSAGE(described, sentence(described ? caf::error{} : described.error()));
  return *described;
}

std::map<std::int32_t, std::string> virtual_cluster::owners(const std::string& group,
                                                            const std::string& broker) {
  std::map<std::int32_t, std::string> result;
  for (const auto& queue : describe(group, broker).queues)
    result[queue.queue.id.value] = queue.owner.value;
  return result;
}

std::map<std::int32_t, std::int64_t> virtual_cluster::committed(const std::string& group,
                                                                const std::string& broker) {
  std::map<std::int32_t, std::int64_t> result;
  for (const auto& queue : describe(group, broker).queues)
    result[queue.queue.id.value] = queue.committed.value;
  return result;
}

std::multiset<std::string> virtual_cluster::bodies(const std::string& process) const {
  std::multiset<std::string> result;
  for (const auto& one : log)
    if (process.empty() || one.consumer == process) result.insert(one.body);
  return result;
}

} // namespace cafmq::test
