#include "output.h"

#include "terminal.h"

#include <poll.h>
#include <sys/uio.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace shoal::command {
namespace {

constexpr std::size_t kFlushAt = std::size_t{128} << 10;

/// Text from outside must not contain control sequences of a terminal.
std::string printable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return out;
}

void write_stderr(std::string_view text) {
  while (!text.empty()) {
    const ssize_t done = ::write(STDERR_FILENO, text.data(), text.size());
    if (done < 0 && errno == EINTR) continue;
    if (done <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(done));
  }
}

}  // namespace

std::string_view Messages::take_progress_away() {
  if (!progress_shown_) return {};
  progress_shown_ = false;
  return "\r\x1b[K";
}

void Messages::line(Colour colour, std::string_view prefix, std::string_view text) {
  static constexpr std::array<std::string_view, 4> kStart = {"", "\x1b[1;31m", "\x1b[1;33m", "\x1b[1;36m"};
  const bool coloured = colour != Colour::none && terminal_of(STDERR_FILENO).colours;
  const std::lock_guard lock(mutex_);
  std::string out(take_progress_away());
  if (coloured) out += kStart[static_cast<std::size_t>(colour)];
  out += prefix;
  if (coloured) out += "\x1b[0m";
  out.append(printable(text)).append("\n");
  write_stderr(out);
}

void Messages::notice(std::string_view text) {
  if (!quiet_) line(Colour::none, "", text);
}

void Messages::warning(std::string_view text) { line(Colour::warning, "shoal: warning: ", text); }

void Messages::error(const Error& error) {
  line(Colour::error,
       "shoal: error: ", error.message.empty() ? code_name(error.code) : std::string_view(error.message));
  if (!error.hint.empty()) line(Colour::hint, "hint: ", error.hint);
}

void Messages::log(LogLevel level, std::string_view text) {
  switch (level) {
    case LogLevel::debug:
    case LogLevel::info:
      if (verbose_) line(Colour::none, "shoal: ", text);
      break;
    case LogLevel::warning:
    case LogLevel::error: warning(text); break;
  }
}

void Messages::progress(const std::function<std::string(std::size_t columns)>& text) {
  const Terminal terminal = terminal_of(STDERR_FILENO);
  if (quiet_ || !terminal.redraws) return;
  const std::string words = printable(text(terminal.columns));
  const std::lock_guard lock(mutex_);
  progress_shown_ = true;
  write_stderr("\r\x1b[K" + words);
}

void Messages::end_progress() {
  const std::lock_guard lock(mutex_);
  write_stderr(take_progress_away());
}

Result<void> DataOutput::write(std::string_view bytes) {
  const std::lock_guard lock(mutex_);
  buffer_.append(bytes);
  return buffer_.size() < kFlushAt ? Result<void>() : flush_locked();
}

Result<void> DataOutput::flush() {
  const std::lock_guard lock(mutex_);
  return flush_locked();
}

Result<void> DataOutput::flush_locked() {
  std::string_view left = buffer_;
  while (!left.empty()) {
    const ssize_t done = ::write(fd_, left.data(), left.size());
    if (done >= 0) {
      left.remove_prefix(static_cast<std::size_t>(done));
      continue;
    }
    const int reason = errno;
    if (reason == EINTR) continue;
    if (reason == EAGAIN) {
      pollfd ready{fd_, POLLOUT, 0};
      ::poll(&ready, 1, -1);
      continue;
    }
    // The rest is dropped: after a partial write, a retry would write the first part twice.
    buffer_.clear();
    reader_gone_ = reason == EPIPE;
    if (reader_gone_) return Error{Code::closed, "nobody reads the output any more", ""};
    const Code code = reason == ENOSPC || reason == EDQUOT ? Code::no_space : Code::io;
    return Error{code, std::string("cannot write the output: ") + std::strerror(reason), ""};
  }
  buffer_.clear();
  return {};
}

bool DataOutput::look_for_reader() {
  pollfd ready{fd_, 0, 0};
  if (::poll(&ready, 1, 0) == 1 && (ready.revents & POLLERR) != 0) reader_gone_ = true;
  return !reader_gone_;
}

std::string format_table(const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& row : rows) {
    widths.resize(std::max(widths.size(), row.size()));
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string out;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      out += row[i];
      if (i + 1 < row.size()) out.append(widths[i] - row[i].size() + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

}  // namespace shoal::command
