#pragma once

#include <caf/expected.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "messages/consuming.hpp"

namespace cafmq {

/// Which messages of a topic a consumer wants: `*` or nothing for all, else tags joined by `||`
/// (RocketMQ: FilterAPI.buildSubscriptionData). Brokers compare hashes, so the client compares the
/// tags themselves.
class subscription_expression {
public:
  /// All messages.
  subscription_expression() = default;

  /// Error: subscription_parse_failed when the expression names no tag at all.
  static caf::expected<subscription_expression> parse(std::string_view text);

  /// Sorted and distinct; empty: all messages.
  const std::vector<std::string>& tags() const { return tags_; }
  bool accepts(std::string_view tag) const;
  tag_filter filter() const;

private:
  std::vector<std::string> tags_;
};

} // namespace cafmq
