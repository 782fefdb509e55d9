#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "actors/store/store_directory.hpp"

namespace cafmq {

/// The files right below `folder` among files kept in an ordered map by their path.
template <class FilesByPath>
std::vector<store_directory::listed_file> files_below(const FilesByPath& files,
                                                      std::string_view folder) {
  const auto prefix = std::string{folder} + "/";
  std::vector<store_directory::listed_file> result;
  for (auto i = files.lower_bound(prefix); i != files.end() && i->first.starts_with(prefix); ++i)
    if (i->first.find('/', prefix.size()) == std::string::npos)
      result.push_back({i->first.substr(prefix.size()), i->second->size()});
  return result;
}

/// The folders right below `folder`, likewise: those that some file's path goes through.
template <class FilesByPath>
std::vector<std::string> folders_below(const FilesByPath& files, std::string_view folder) {
  const auto prefix = std::string{folder} + "/";
  std::vector<std::string> result;
  for (auto i = files.lower_bound(prefix); i != files.end() && i->first.starts_with(prefix); ++i) {
    const auto end = i->first.find('/', prefix.size());
    if (end == std::string::npos) continue;
    auto name = i->first.substr(prefix.size(), end - prefix.size());
    if (result.empty() || result.back() != name) result.push_back(std::move(name));
  }
  return result;
}

} // namespace cafmq
