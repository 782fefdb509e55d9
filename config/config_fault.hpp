#pragma once

#include <string>
#include <vector>

namespace cafmq {

/// One thing that is wrong with a configuration.
struct config_fault {
  std::string where;    ///< `file:line`, `--set`, or empty for a configuration built by a program
  std::string path;     ///< `section.key`; empty where there is none, as in a syntax error
  std::string sentence; ///< what is wrong and what would be right, without a full stop
  std::string meant;    ///< the nearest known key; empty: none is near

  bool operator==(const config_fault&) const = default;
};

/// One line: `node.json:7: broker.brokerNmae: is not a known key (did you mean brokerName?)`.
inline std::string to_line(const config_fault& fault) {
  std::string line;
  if (!fault.where.empty()) line += fault.where + ": ";
  if (!fault.path.empty()) line += fault.path + ": ";
  line += fault.sentence;
  if (!fault.meant.empty()) line += " (did you mean " + fault.meant + "?)";
  return line;
}

/// All faults, a line each.
inline std::string to_lines(const std::vector<config_fault>& faults) {
  std::string lines;
  for (const auto& fault : faults)
    lines += (lines.empty() ? "" : "\n") + to_line(fault);
  return lines;
}

} // namespace cafmq
