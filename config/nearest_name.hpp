#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cafmq {

/// Single-character edits (insert, delete, replace, swap of neighbours) between two words, letter
/// case ignored.
std::size_t edit_distance(std::string_view x, std::string_view y);

/// The candidate that `word` was probably meant to be: the one with the fewest edits, if they are
/// at most a third of the word (at least two are allowed), or one that differs by a prefix or
/// suffix only. Empty: none is near.
std::string nearest_name(std::string_view word, const std::vector<std::string>& candidates);

} // namespace cafmq
