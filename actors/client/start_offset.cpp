#include "actors/client/start_offset.hpp"

#include "messages/message.hpp"

namespace cafmq {

namespace {

bool is_retry_topic(const topic_name& topic) { return topic.value.starts_with(retry_topic_prefix); }

} // namespace

start_question question_of(const start_rule& rule, const topic_name& topic) {
  return rule.from == consume_from::timestamp && !is_retry_topic(topic) ? start_question::time
                                                                        : start_question::bounds;
}

queue_offset start_offset(const start_rule& rule, const topic_name& topic,
                          const queue_bounds& bounds) {
  if (is_retry_topic(topic)) return rule.from == consume_from::timestamp ? bounds.max : bounds.min;
  if (rule.from == consume_from::first_offset) return bounds.min;
  return bounds.min.value <= 0 ? queue_offset{0} : bounds.max;
}

} // namespace cafmq
