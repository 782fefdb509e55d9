#include "actors/client/subscription_expression.hpp"

#include <algorithm>

#include "messages/codec/java_hash.hpp"
#include "messages/errors.hpp"

namespace cafmq {

namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

template <class T>
void sort_distinct(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

} // namespace

caf::expected<subscription_expression> subscription_expression::parse(std::string_view text) {
  subscription_expression result;
  auto rest = trimmed(text);
  if (rest.empty() || rest == "*") return result;
  for (bool more = true; more;) {
    auto end = rest.find("||");
    more = end != std::string_view::npos;
    auto tag = trimmed(rest.substr(0, end));
    if (!tag.empty()) result.tags_.emplace_back(tag);
    if (more) rest.remove_prefix(end + 2);
  }
  if (result.tags_.empty())
    return make_error(errc::subscription_parse_failed,
                      "the filter expression '" + std::string{text}
                        + "' names no tag; write tags joined by ||, or * for all");
  sort_distinct(result.tags_);
  return result;
}

bool subscription_expression::accepts(std::string_view tag) const {
  return tags_.empty() || std::binary_search(tags_.begin(), tags_.end(), tag, std::less<>{});
}

tag_filter subscription_expression::filter() const {
  tag_filter result;
  for (const auto& tag : tags_)
    result.codes.push_back(java_hash(tag));
  sort_distinct(result.codes);
  return result;
}

} // namespace cafmq
