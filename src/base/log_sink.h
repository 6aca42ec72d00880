#pragma once

#include <string_view>

namespace shoal::base {

enum class LogLevel { debug, info, warning, error };

/// Where the library's words go. May be called from any thread. Secrets never come here.
class LogSink {
 public:
  virtual ~LogSink() = default;
  /// `component` is a floor's name, `message` one line.
  virtual void log(LogLevel level, std::string_view component, std::string_view message) = 0;
};

/// Drops everything.
class NullLogSink final : public LogSink {
 public:
  void log(LogLevel, std::string_view, std::string_view) override {}
};

}  // namespace shoal::base
