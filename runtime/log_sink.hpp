#pragma once

#include <string>

namespace cafmq {

/// Sends log lines to standard error, or appends them to `file` when it is named, from `level` on:
/// debug, info, warn, error, off. A line is time, severity, event id and sentence. Call it before
/// the first actor runs; without it a program that embeds a node gets no log lines.
/// Throws std::runtime_error when the file cannot be opened.
void start_logging(const std::string& level, const std::string& file);

} // namespace cafmq
