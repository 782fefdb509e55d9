#include "config/field_builder.hpp"
#include "messages/consuming.hpp"

namespace cafmq::detail {

namespace {

void add_shared(field_builder<client_config>& f) {
  using config = client_config;
  f.addresses("namesrvAddr", &config::namesrv_addr,
              "Name servers; one is asked, the next when it fails. Empty: the variable "
              "NAMESRV_ADDR, else 127.0.0.1:9876.");
  f.text("clientIP", &config::client_ip,
         "The IPv4 address in client ids and message ids; empty: found out.");
  f.text("instanceName", &config::instance_name,
         "Tells clients of one machine apart; DEFAULT becomes process id and start time.");
  f.number("pollNameServerInterval", &config::poll_name_server_interval, "ms", 1, day_ms,
           "How often routes are asked for; changes are pushed as well.");
  f.number("heartbeatBrokerInterval", &config::heartbeat_broker_interval, "ms", 1, day_ms,
           "How often brokers are told that the client lives.");
  f.number("connectTimeout", &config::connect_timeout, "ms", 1, day_ms,
           "How long a connection may take to come about.");
  f.number("mqClientApiTimeout", &config::mq_client_api_timeout, "ms", 1, day_ms,
           "How long a request about topics, groups or offsets may take.");
}

void add_producer(field_builder<producer_config>& f) {
  using config = producer_config;
  f.text("producerGroup", &config::producer_group, "The group of a producer that names none.");
  f.number("sendMsgTimeout", &config::send_msg_timeout, "ms", 1, day_ms,
           "How long a send may take with all its attempts.");
  f.number("retryTimesWhenSendFailed", &config::retry_times_when_send_failed, "", 0, 1'000,
           "Further attempts of a sync send, each at another broker where there is one.");
  f.number("retryTimesWhenSendAsyncFailed", &config::retry_times_when_send_async_failed, "", 0,
           1'000, "Further attempts of an async send.");
  f.number("compressMsgBodyOverHowmuch", &config::compress_msg_body_over_howmuch, "bytes", 0,
           int32_max, "Larger bodies are compressed.");
  f.text_of("compressType", &config::compress_type, {"ZLIB", "LZ4", "ZSTD"},
            "How they are compressed.");
  f.number("compressLevel", &config::compress_level, "", 0, 22, "How hard: more is smaller.");
  f.number("maxMessageSize", &config::max_message_size, "bytes", 1, 1'073'741'824,
           "A larger body is refused before it is sent.");
  f.number("batchBytesMax", &config::batch_bytes_max, "bytes", 1, int32_max,
           "How large a batch of sends to one queue gets.");
  f.number("backPressureForAsyncSendNum", &config::back_pressure_for_async_send_num, "", 1,
           int32_max, "Most messages under way; beyond it a send waits or fails.");
  f.number("backPressureForAsyncSendSize", &config::back_pressure_for_async_send_size, "bytes", 1,
           tib, "Most bytes under way; beyond it a send waits or fails.");
  f.flag("blockWhenFull", &config::block_when_full, "Beyond these limits a send waits.");
}

void add_consumer_role(field_builder<consumer_config>& f) {
  using config = consumer_config;
  f.text("consumerGroup", &config::consumer_group, "The group of a consumer that names none.");
  f.choice("messageModel", &config::model, {"CLUSTERING", "BROADCASTING"},
           "CLUSTERING: a message goes to one member of the group; BROADCASTING: to each.");
  f.choice("consumeFromWhere", &config::from,
           {"CONSUME_FROM_LAST_OFFSET", "CONSUME_FROM_FIRST_OFFSET", "CONSUME_FROM_TIMESTAMP"},
           "Where a group starts that has no committed offset.");
  f.number("consumeTimestampMs", &config::consume_timestamp, "ms", 0, INT64_MAX,
           "CONSUME_FROM_TIMESTAMP: since 1970 in UTC; 0: half an hour before the start.");
  f.flag("orderly", &config::orderly, "One message of a queue at a time, in order.");
  f.text("offsetStoreDir", &config::offset_store_dir,
         "BROADCASTING: where offsets are kept; empty: ~/.cafmq_offsets.");
  f.flag("autoCommit", &config::auto_commit, "Pull style: offsets are committed by themselves.");
}

void add_consumer_flow(field_builder<consumer_config>& f) {
  using config = consumer_config;
  f.number("consumeThreadNums", &config::consume_thread_nums, "", 1, 1'024,
           "Threads that run the listener.");
  f.number("consumeMessageBatchMaxSize", &config::consume_message_batch_max_size, "", 1, 1'024,
           "Most messages in one call of the listener.");
  f.number("pullBatchSize", &config::pull_batch_size, "", 1, pull_count_limit,
           "Most messages a pull.");
  f.number("pullBatchBytes", &config::pull_batch_bytes, "bytes", 1, pull_bytes_limit,
           "Most bytes a pull; a single larger message comes alone.");
  f.number("pullSuspend", &config::pull_suspend, "ms", 0, day_ms,
           "How long the broker may hold a pull without messages.");
  f.number("pullTimeout", &config::pull_timeout, "ms", 1, day_ms,
           "A pull unanswered for so long is given up and repeated; longer than pullSuspend.");
  f.number("pullThresholdForQueue", &config::pull_threshold_for_queue, "", 1, int32_max,
           "No pull for a queue that holds more messages.");
  f.mebibytes("pullThresholdSizeForQueue", &config::pull_threshold_size_for_queue, 1, 1'024,
              "No pull for a queue that holds more.");
  f.number("consumeConcurrentlyMaxSpan", &config::consume_concurrently_max_span, "", 1, int32_max,
           "No pull for a queue whose oldest and newest unfinished message are further apart.");
  f.number("pullThresholdSizeTotal", &config::pull_threshold_size_total, "bytes", 1, tib,
           "No pull while all queues together hold more bytes.");
  f.number("persistConsumerOffsetInterval", &config::persist_consumer_offset_interval, "ms", 1,
           day_ms, "How often offsets are committed.");
  f.number("lockInterval", &config::lock_interval, "ms", 1, day_ms,
           "How often an orderly consumer renews its queue locks.");
  f.number("lockExpiry", &config::lock_expiry, "ms", 1, day_ms,
           "A lock not renewed for so long is not trusted; longer than lockInterval.");
  f.number("localRetryBackoff", &config::local_retry_backoff, "ms", 1, day_ms,
           "First wait before a failed message is delivered again; doubled each time.");
  f.number("localRetryBackoffMax", &config::local_retry_backoff_max, "ms", 1, day_ms,
           "The longest such wait.");
  f.number("suspendCurrentQueueTime", &config::suspend_current_queue_time, "ms", 1, day_ms,
           "How long an orderly queue waits after its listener failed.");
  f.number("awaitTermination", &config::await_termination, "ms", 0, day_ms,
           "How long a shutdown waits for running listeners.");
}

} // namespace

void add_client_fields(std::vector<config_field>& table) {
  field_builder<client_config> shared{table, "client",
                                      [](settings& s) -> client_config& { return s.client; }};
  add_shared(shared);
  field_builder<producer_config> producer{
    table, "client", [](settings& s) -> producer_config& { return s.producer; }};
  add_producer(producer);
  field_builder<consumer_config> consumer{
    table, "client", [](settings& s) -> consumer_config& { return s.consumer; }};
  add_consumer_role(consumer);
  add_consumer_flow(consumer);
}

} // namespace cafmq::detail
