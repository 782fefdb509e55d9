#include "config/nearest_name.hpp"

#include <algorithm>
#include <cctype>

namespace cafmq {

namespace {

std::string lower(std::string_view text) {
  std::string result{text};
  for (auto& c : result)
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

} // namespace

std::size_t edit_distance(std::string_view x, std::string_view y) {
  const std::string a = lower(x);
  const std::string b = lower(y);
  // Optimal string alignment distance; three rows suffice.
  std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    above[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, above);
    std::swap(above, row);
  }
  return above[b.size()];
}

std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates) {
  constexpr std::size_t shortest_affix = 4; // shorter parts are shared by chance
  const std::size_t edits_max = std::max<std::size_t>(2, word.size() / 3);
  std::string best;
  std::size_t fewest = edits_max + 1;
  for (const auto& candidate : candidates) {
    std::size_t edits = edit_distance(word, candidate);
    const std::string a = lower(word);
    const std::string b = lower(candidate);
    const std::string& inner = a.size() < b.size() ? a : b;
    const std::string& outer = a.size() < b.size() ? b : a;
    if (inner.size() >= shortest_affix && (outer.starts_with(inner) || outer.ends_with(inner)))
      edits = std::min(edits, edits_max);
    if (edits < fewest) {
      fewest = edits;
      best = candidate;
    }
  }
  return best;
}

} // namespace cafmq
