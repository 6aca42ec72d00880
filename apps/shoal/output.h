#pragma once

#include "text/exit_code.h"

#include <shoal/node.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

/// What the command writes. Only data goes to stdout; all messages for people go to stderr, one line
/// each, errors as `shoal: error: ...` with a `hint: ...` line that says what to do. Colours and progress appear on a
/// terminal only (terminal.h).
namespace shoal::command {

/// Lines on stderr. Thread-safe.
class Messages {
 public:
  void set_quiet(bool quiet) { quiet_ = quiet; }
  void set_verbose(bool verbose) { verbose_ = verbose; }
  [[nodiscard]] bool quiet() const { return quiet_; }

  /// A line that scripts wait for, such as `listening HOST:PORT`; not with -q.
  void notice(std::string_view line);
  void warning(std::string_view text);
  void error(const Error& error);
  /// A line of the library's log: warnings and errors always, the others only with -v.
  void log(LogLevel level, std::string_view text);
  /// A line that the next one overwrites; only on a terminal, and not with -q. `text` is asked for it with the width.
  void progress(const std::function<std::string(std::size_t columns)>& text);
  /// Removes that line.
  void end_progress();

 private:
  enum class Colour : std::uint8_t { none, error, warning, hint };
  void line(Colour colour, std::string_view prefix, std::string_view text);
  /// What clears a shown progress line; under the mutex.
  [[nodiscard]] std::string_view take_progress_away();

  std::mutex mutex_;
  bool quiet_ = false;
  bool verbose_ = false;
  bool progress_shown_ = false;
};

/// Buffered bytes on a descriptor. Thread-safe for whole `write` calls.
class DataOutput {
 public:
  explicit DataOutput(int fd) : fd_(fd) {}

  /// Buffers; writes when the buffer is large. The errors of flush().
  [[nodiscard]] Result<void> write(std::string_view bytes);
  /// Code::closed when the reader went away (then `reader_gone()`), Code::no_space, Code::io.
  [[nodiscard]] Result<void> flush();
  /// True after a write found the reader gone; look_for_reader() also asks the system, when there is nothing to write.
  [[nodiscard]] bool reader_gone() const { return reader_gone_; }
  [[nodiscard]] bool look_for_reader();

 private:
  [[nodiscard]] Result<void> flush_locked();

  std::mutex mutex_;
  const int fd_;
  std::string buffer_;
  bool reader_gone_ = false;
};

/// Rows in aligned columns, two spaces between, the first row being the heading.
[[nodiscard]] std::string format_table(const std::vector<std::vector<std::string>>& rows);

}  // namespace shoal::command
