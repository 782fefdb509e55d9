#include "actors/client/client_actor.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <deque>
#include <functional>
#include <map>
#include <set>

#include "actors/client/link_table.hpp"
#include "actors/client/route_cache.hpp"
#include "actors/safe_actor.hpp"
#include "messages/type_ids.hpp"

namespace cafmq {

namespace {

/// How often deadlines and due dials are looked at.
constexpr std::chrono::milliseconds tick_interval{100};

using inbox =
  extended_handle<client_handle, void(topic_route_changed), void(client_tick), void(poll_routes)>;

/// What waits for a name server: a tool's question, with its end.
struct waiting_question {
  std::chrono::steady_clock::time_point deadline;
  std::function<void(const name_server_handle&)>
    ask; // called once with a handle, or with an invalid one at the deadline
};

struct client_state;
using client_pointer = inbox::stateful_pointer<client_state>;

struct client_state {
  static inline const char* name = "client";

  client_pointer self = nullptr;
  client_config config;
  connector_handle connector;
  random_source random;

  route_cache routes;
  std::map<topic_name, std::map<caf::actor_addr, topic_watcher_handle>> watchers;
  std::map<topic_name, topic_view> shown; // the last view sent

  std::size_t server_index = 0;
  name_server_handle server;
  bool dialling_server = false;
  std::size_t servers_failed = 0; // in a row; all of them: nobody answers
  std::chrono::steady_clock::time_point server_retry{};
  std::map<std::uint64_t, std::chrono::steady_clock::time_point>
    server_requests; // deadlines by number
  std::uint64_t requests_made = 0;
  std::deque<waiting_question> questions;

  link_table links;
  std::map<std::string, broker_handle> linked; // by address

  auto now() const { return self->clock().now(); }

  // -- name server ----------------------------------------------------------------------------
  void dial_server() {
    if (server || dialling_server || now() < server_retry) return;
    dialling_server = true;
    auto address = config.namesrv_addr[server_index % config.namesrv_addr.size()];
    self->request(connector, caf::infinite, connect_name_server{address})
      .then([=, this](const name_server_link& link) { server_linked(link.handle, address); },
            [=, this](const caf::error& why) {
              log::debug("name-server-unreachable", sentence(why));
              server_lost();
            });
  }

  void server_linked(const name_server_handle& handle, const std::string& address) {
    dialling_server = false;
    servers_failed = 0;
    server = handle;
    self->monitor(server);
    log::debug("name-server-linked", "name server ", address, " is used");
    for (auto& question : std::exchange(questions, {}))
      question.ask(server);
    show_all(); // who was told that none answers
    poll();
  }

  /// The next name server is tried at once, all of them again after a second.
  void server_lost() {
    dialling_server = false;
    if (server) self->demonitor(server.address());
    server = nullptr;
    server_requests.clear();
    ++server_index;
    ++servers_failed;
    if (nobody_answers()) {
      server_retry = now() + std::chrono::seconds{1};
      show_all();
    }
    dial_server();
  }

  bool nobody_answers() const { return servers_failed >= config.namesrv_addr.size(); }

  /// Asks the name server, with a deadline of our own: a dead remote never answers.
  template <class Reply, class Request, class Then, class Else>
  void ask_server(const Request& request, Then then, Else otherwise) {
    auto number = ++requests_made;
    server_requests[number] = now() + config.mq_client_api_timeout;
    self->request(server, caf::infinite, request)
      .then(
        [=, this](const Reply& reply) mutable {
          server_requests.erase(number);
          then(reply);
        },
        [=, this](const caf::error& why) mutable {
          server_requests.erase(number);
          otherwise(why);
        });
  }

  void check_server() {
    for (const auto& [number, deadline] : server_requests)
      if (deadline <= now()) return server_lost();
  }

  // -- routes ---------------------------------------------------------------------------------
  void poll() {
    if (!server) return dial_server();
    auto wanted = routes.wanted();
    self->send(server, subscribe_routes{wanted});
    for (const auto& topic : wanted)
      look_up(topic);
  }

  void look_up(const topic_name& topic) {
    if (!server) return dial_server();
    ask_server<topic_route>(
      get_topic_route{topic}, [this](const topic_route& route) { learn(route); },
      [=, this](const caf::error& why) {
        if (code_of(why) == errc::topic_not_exist) learn(topic_route{topic, {}, {}});
      });
  }

  void learn(const topic_route& route) {
    bool changed = routes.update(route);
    want_links();
    for (const auto& topic : routes.dependents(route.topic))
      if (changed || shown.count(topic) == 0) show(topic);
  }

  // -- links ----------------------------------------------------------------------------------
  void want_links() {
    std::vector<std::string> addresses;
    for (const auto& topic : routes.topics())
      for (const auto& [broker, address] : routes.master_addresses(topic))
        addresses.push_back(address);
    links.want(addresses, now());
    dial_due();
  }

  void dial_due() {
    for (const auto& address : links.take_due(now()))
      self->request(connector, caf::infinite, connect_broker{address})
        .then([=, this](const broker_link& link) { broker_linked(address, link.handle); },
              [=, this](const caf::error& why) {
                log::debug("broker-unreachable", sentence(why));
                links.failed(address, now(), random());
              });
  }

  void broker_linked(const std::string& address, const broker_handle& handle) {
    links.linked(address);
    linked[address] = handle;
    self->monitor(handle);
    show_all();
  }

  void down(const caf::actor_addr& who) {
    if (server && who == server.address()) return server_lost();
    bool was_linked = false;
    std::erase_if(linked, [&](const auto& link) {
      if (link.second.address() != who) return false;
      links.failed(link.first, now(), random());
      return was_linked = true;
    });
    if (was_linked) {
      show_all();
      return poll(); // the route will say whether it is gone for good
    }
    for (auto topic = watchers.begin(); topic != watchers.end();) {
      topic->second.erase(who);
      topic = topic->second.empty() ? forget(topic) : std::next(topic);
    }
  }

  // -- watchers -------------------------------------------------------------------------------
  void watch(const watch_topic& request) {
    auto watcher = caf::actor_cast<topic_watcher_handle>(self->current_sender());
    if (!watcher) return;
    bool is_new = !routes.watched(request.topic);
    bool may_create = routes.watch(request.topic, request.auto_create);
    // A consumer may have learnt already that nobody serves the topic, which a producer may create.
    if (may_create && !is_new) show(request.topic);
    auto& known = watchers[request.topic];
    if (known.emplace(watcher.address(), watcher).second) self->monitor(watcher);
    if (!is_new && shown.count(request.topic) > 0) self->send(watcher, shown[request.topic]);
    if ((is_new || may_create) && server) {
      self->send(server, subscribe_routes{routes.wanted()});
      if (may_create) look_up({auto_create_topic_key});
    }
    if (is_new) look_up(request.topic);
    if (is_new && nobody_answers()) show(request.topic);
  }

  void unwatch(const topic_name& topic) {
    auto i = watchers.find(topic);
    if (i == watchers.end()) return;
    i->second.erase(caf::actor_cast<caf::actor_addr>(self->current_sender()));
    if (i->second.empty()) forget(i);
  }

  std::map<topic_name, std::map<caf::actor_addr, topic_watcher_handle>>::iterator
  forget(std::map<topic_name, std::map<caf::actor_addr, topic_watcher_handle>>::iterator i) {
    routes.unwatch(i->first);
    shown.erase(i->first);
    return watchers.erase(i);
  }

  void show_all() {
    for (const auto& topic : routes.topics())
      show(topic);
  }

  /// Adds the links of a view. A broker that has left the route is kept as long as its link lives:
  /// what is under way there will still be answered.
  void add_links(topic_view& view, const topic_view& last) const {
    view.addresses = routes.master_addresses(view.topic);
    auto add = [&](const auto& broker) {
      if (auto link = linked.find(broker.second); link != linked.end())
        view.brokers.emplace(broker.first, link->second);
    };
    for (const auto& broker : view.addresses)
      add(broker);
    for (const auto& broker : last.addresses)
      if (view.addresses.count(broker.first) == 0 && linked.count(broker.second) > 0) {
        view.addresses.insert(broker);
        add(broker);
      }
  }

  /// Sends the view of a topic to its watchers when it differs from the last.
  void show(const topic_name& topic) {
    auto& last = shown[topic];
    auto view = routes.view(topic);
    add_links(view, last);
    if (view.write_queues.empty() && view.read_queues.empty() && nobody_answers()) {
      view.problem = static_cast<std::uint8_t>(errc::no_name_server);
      view.problem_sentence =
        "no name server answers at " + server_list() + "; start one, or name another";
    }
    // A reconnected broker's handle may compare equal to its dead predecessor, which was shown as
    // missing in between.
    if (last.topic == view.topic && last.write_queues == view.write_queues
        && last.read_queues == view.read_queues && last.brokers == view.brokers
        && last.addresses == view.addresses && last.problem == view.problem)
      return;
    last = view;
    for (const auto& [address, watcher] : watchers[topic])
      self->send(watcher, view);
  }

  std::string server_list() const {
    std::string list;
    for (const auto& address : config.namesrv_addr)
      list += (list.empty() ? "" : ";") + address;
    return list;
  }

  // -- tools ----------------------------------------------------------------------------------
  template <class Reply, class Request>
  caf::result<Reply> forward(const Request& request) {
    auto promise = self->make_response_promise<Reply>();
    auto ask = [=, this](const name_server_handle& target) mutable {
      if (!target)
        promise.deliver(
          make_error(errc::no_name_server, "no name server answers at " + server_list()
                                             + "; start one, or name another with -n"));
      else
        ask_server<Reply>(
          request, [=](const Reply& reply) mutable { promise.deliver(reply); },
          [=](const caf::error& why) mutable { promise.deliver(why); });
    };
    if (server) {
      ask(server);
    } else {
      questions.push_back({now() + config.mq_client_api_timeout, ask});
      dial_server();
    }
    return promise;
  }

  void tick() {
    check_server();
    dial_server();
    dial_due();
    while (!questions.empty() && questions.front().deadline <= now()) {
      auto question = std::move(questions.front());
      questions.pop_front();
      question.ask(name_server_handle{});
    }
  }
};

inbox::behavior_type client_actor(client_pointer self, const client_config& config,
                                  const connector_handle& connector, const random_source& random) {
  make_safe(self);
  auto& state = self->state;
  state.self = self;
  state.config = config;
  state.connector = connector;
  state.random = random;
  state.server_index = random() % config.namesrv_addr.size();
  self->set_down_handler([self](const caf::down_msg& down) { self->state.down(down.source); });
  state.dial_server();
  self->delayed_send(self, tick_interval, client_tick{});
  self->delayed_send(self, config.poll_name_server_interval, poll_routes{});
  return {
    [=](const watch_topic& request) { self->state.watch(request); },
    [=](const unwatch_topic& request) { self->state.unwatch(request.topic); },
    [=](const refresh_topic& request) { self->state.look_up(request.topic); },
    [=](const get_topic_route& request) { return self->state.forward<topic_route>(request); },
    [=](const list_topics& request) { return self->state.forward<topic_list>(request); },
    [=](const get_cluster_info& request) { return self->state.forward<cluster_info>(request); },
    [=](const connect_broker& request) -> caf::result<broker_link> {
      if (auto link = self->state.linked.find(request.address); link != self->state.linked.end())
        return broker_link{link->second};
      return self->delegate(self->state.connector, request);
    },
    [=](const topic_route_changed& news) { self->state.learn(news.route); },
    [=](const client_tick& reminder) {
      self->state.tick();
      self->delayed_send(self, tick_interval, reminder);
    },
    [=](const poll_routes& reminder) {
      self->state.poll();
      self->delayed_send(self, self->state.config.poll_name_server_interval, reminder);
    },
  };
}

} // namespace

client_handle spawn_client(caf::actor_system& system, client_config config,
                           connector_handle connector, random_source random) {
  return system.spawn(client_actor, std::move(config), std::move(connector), std::move(random));
}

} // namespace cafmq
