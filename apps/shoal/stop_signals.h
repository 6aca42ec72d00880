#pragma once

#include "text/exit_code.h"

#include <atomic>
#include <stop_token>
#include <thread>

namespace shoal::command {

/// SIGINT and SIGTERM as a stop token. Make it before any other thread, so that every thread inherits the blocked
/// signals. The second signal ends the process at once. SIGPIPE is ignored: writes say EPIPE.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
  [[nodiscard]] bool stopped() const { return source_.stop_requested(); }
  /// Readable once a signal came.
  [[nodiscard]] int fd() const { return stop_pipe_[0]; }
  /// Waits for a signal.
  void wait() const;
  /// What a finite job that was interrupted reports: 130 or 143.
  [[nodiscard]] Exit exit() const;

 private:
  void run(int signals);

  std::stop_source source_;
  std::atomic<int> signal_{0};
  int stop_pipe_[2] = {-1, -1};
  int quit_pipe_[2] = {-1, -1};
  std::thread thread_;
};

}  // namespace shoal::command
