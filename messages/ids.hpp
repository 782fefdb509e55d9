#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>

namespace cafmq {

/// A value whose meaning is part of its type: a queue offset is not a log position, a topic is not
/// a group.
template <class Tag, class T>
struct named_type {
  T value{};

  auto operator<=>(const named_type&) const = default;
};

/// A named integer that counts: offsets and positions advance by plain numbers.
template <class Tag>
constexpr named_type<Tag, std::int64_t> operator+(named_type<Tag, std::int64_t> x, std::int64_t n) {
  return {x.value + n};
}

template <class Tag>
constexpr std::int64_t operator-(named_type<Tag, std::int64_t> x, named_type<Tag, std::int64_t> y) {
  return x.value - y.value;
}

template <class Inspector, class Tag, class T>
typename Inspector::result_type inspect(Inspector& f, named_type<Tag, T>& x) {
  return f(x.value);
}

using topic_name = named_type<struct topic_name_tag, std::string>;
using group_name = named_type<struct group_name_tag, std::string>;
using broker_name = named_type<struct broker_name_tag, std::string>;
using cluster_name = named_type<struct cluster_name_tag, std::string>;

/// One running client: `ip@instance`, unique in the cluster (RocketMQ:
/// ClientConfig.buildMQClientId).
using client_id = named_type<struct client_id_tag, std::string>;

/// The number of a queue within its topic on one broker, from 0.
using queue_id = named_type<struct queue_id_tag, std::int32_t>;

/// The index of a message within its queue, from 0, without gaps.
using queue_offset = named_type<struct queue_offset_tag, std::int64_t>;

/// A byte position in a broker's commit log; never reused.
using log_position = named_type<struct log_position_tag, std::int64_t>;

/// Milliseconds since 1970-01-01 UTC, from an injected wall clock.
using wall_time_ms = std::int64_t;

/// No offset is known or stored.
inline constexpr queue_offset no_offset{-1};

} // namespace cafmq

template <class Tag, class T>
struct std::hash<cafmq::named_type<Tag, T>> {
  std::size_t operator()(const cafmq::named_type<Tag, T>& x) const noexcept {
    return std::hash<T>{}(x.value);
  }
};
