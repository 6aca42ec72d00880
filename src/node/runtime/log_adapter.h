#pragma once

#include "base/log_sink.h"

#include <shoal/node.h>

#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace shoal::node {

/// Hands the library's words to the function in NodeOptions; silent without one.
class LogAdapter final : public base::LogSink {
 public:
  explicit LogAdapter(std::function<void(LogLevel, std::string_view)> log) : log_(std::move(log)) {}

  void log(base::LogLevel level, std::string_view component, std::string_view message) override {
    if (log_) log_(static_cast<LogLevel>(level), std::string(component) + ": " + std::string(message));
  }

 private:
  std::function<void(LogLevel, std::string_view)> log_;
};

static_assert(static_cast<int>(LogLevel::error) == static_cast<int>(base::LogLevel::error));

}  // namespace shoal::node
