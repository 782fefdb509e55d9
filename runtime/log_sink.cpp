#include "runtime/log_sink.hpp"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <stdexcept>

#include "actors/log.hpp"

namespace cafmq {

void start_logging(const std::string& level, const std::string& file) {
  std::shared_ptr<spdlog::sinks::sink> target;
  try {
    if (file.empty())
      target = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    else
      target = std::make_shared<spdlog::sinks::basic_file_sink_mt>(file);
  } catch (const spdlog::spdlog_ex& problem) {
    throw std::runtime_error("the log file " + file + " cannot be opened: " + problem.what());
  }
  auto logger = std::make_shared<spdlog::logger>("cafmq", std::move(target));
  logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  logger->set_level(spdlog::level::from_str(level));
  logger->flush_on(spdlog::level::info);
  log::set_sink([logger](log::level severity, std::string_view event, std::string_view sentence) {
    static constexpr spdlog::level::level_enum levels[] = {
      spdlog::level::debug, spdlog::level::info, spdlog::level::warn, spdlog::level::err};
    logger->log(levels[static_cast<std::size_t>(severity)], "{}: {}", event, sentence);
  });
}

} // namespace cafmq
