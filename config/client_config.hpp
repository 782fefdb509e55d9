#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "messages/groups.hpp"

namespace cafmq {

/// What producers and consumers of one process share. JSON section `client`, keys as in RocketMQ's
/// ClientConfig.
struct client_config {
  /// Name servers, host:port; one is picked at random, the next when it fails. Empty: NAMESRV_ADDR,
  /// else 127.0.0.1:9876.
  std::vector<std::string> namesrv_addr{};
  /// IPv4 address put into client ids, unique keys and born hosts; empty: found out.
  std::string client_ip{};
  /// DEFAULT is replaced by process id and start time, so that each client is distinct.
  std::string instance_name = "DEFAULT";
  std::chrono::milliseconds poll_name_server_interval{30'000};
  std::chrono::milliseconds heartbeat_broker_interval{30'000};
  std::chrono::milliseconds connect_timeout{3'000};
  /// How long an administrative or offset request may take.
  std::chrono::milliseconds mq_client_api_timeout{3'000};
};

struct producer_config {
  std::string producer_group = "DEFAULT_PRODUCER";
  std::chrono::milliseconds send_msg_timeout{3'000}; ///< all attempts together
  std::int32_t retry_times_when_send_failed = 2;
  std::int32_t retry_times_when_send_async_failed = 2;
  std::int32_t compress_msg_body_over_howmuch = 4'096; ///< bytes
  std::string compress_type = "ZLIB";                  ///< ZLIB, LZ4, ZSTD
  std::int32_t compress_level = 5;
  std::int32_t max_message_size = 4 * 1024 * 1024;
  /// Sends to a queue gather while a batch to it is under way; how large a batch gets.
  std::int32_t batch_bytes_max = 256 * 1024;
  /// Unacknowledged messages and bytes; beyond it an async send waits, or fails with
  /// `block_when_full` false.
  std::int32_t back_pressure_for_async_send_num = 100'000;
  std::int64_t back_pressure_for_async_send_size = 64 * 1024 * 1024;
  bool block_when_full = true;
};

struct consumer_config {
  std::string consumer_group = "DEFAULT_CONSUMER";
  message_model model = message_model::clustering;
  consume_from from = consume_from::last_offset;
  wall_time_ms consume_timestamp =
    0; ///< for consume_from::timestamp; 0: half an hour before the start
  bool orderly = false;
  allocation sharing{};
  std::int32_t consume_thread_nums = 20;
  std::int32_t consume_message_batch_max_size = 1;
  /// How much one pull may bring; larger than RocketMQ's 32 because a hop between nodes is paid per
  /// batch.
  std::int32_t pull_batch_size = 1'024;
  std::int32_t pull_batch_bytes = 256 * 1024;
  std::chrono::milliseconds pull_suspend{15'000};
  std::chrono::milliseconds pull_timeout{30'000};
  /// Flow control: no pull for a queue that holds more, in messages, bytes, or span of offsets. Ten
  /// times RocketMQ's messages and span: docs/decisions/0008.
  std::int32_t pull_threshold_for_queue = 10'000;
  std::int64_t pull_threshold_size_for_queue = 100 * 1024 * 1024;
  std::int32_t consume_concurrently_max_span = 20'000;
  /// Over all queues of the consumer.
  std::int64_t pull_threshold_size_total = 256 * 1024 * 1024;
  std::chrono::milliseconds persist_consumer_offset_interval{5'000};
  std::chrono::milliseconds lock_interval{20'000};
  std::chrono::milliseconds lock_expiry{30'000};
  /// First wait before a failed message is delivered again, doubled up to the maximum.
  std::chrono::milliseconds local_retry_backoff{1'000};
  std::chrono::milliseconds local_retry_backoff_max{60'000};
  std::chrono::milliseconds suspend_current_queue_time{1'000}; ///< orderly retry
  std::chrono::milliseconds await_termination{5'000}; ///< shutdown waits so long for listeners
  std::string offset_store_dir{}; ///< broadcasting: where offsets are kept; empty: ~/.cafmq_offsets
  bool auto_commit = true;        ///< pull style: commit every persist_consumer_offset_interval
};

} // namespace cafmq
