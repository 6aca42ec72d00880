#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fcntl.h>
#include <chrono>
#include <cstdlib>
#include <string>
#include <vector>

namespace shoal::testing {

/// A real process of the test: what it prints is read line by line; it is killed and reaped with the object. Its input
/// is an empty pipe that end_input() closes.
class Process {
 public:
  /// `arguments` begins with the program's path.
  explicit Process(const std::vector<std::string>& arguments) {
    int in[2];
    int out[2];
    if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) std::abort();
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(in[0], STDIN_FILENO);
      ::dup2(out[1], STDOUT_FILENO);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    in_ = in[1];
    out_ = out[0];
  }
  ~Process() {
    kill();
    end_input();
    ::close(out_);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }

  /// The next line that begins with `prefix`, without it; what comes before is skipped. Fails the test after `timeout`.
  std::string wait_for(const std::string& prefix, std::chrono::seconds timeout = std::chrono::seconds(30)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    for (std::string line; next_line(line, deadline);) {
      if (line.compare(0, prefix.size(), prefix) == 0) return line.substr(prefix.size());
    }
    ADD_FAILURE() << "no line '" << prefix << "…' came";
    return {};
  }
  /// All lines until the process closes its output, or what came until the timeout.
  std::vector<std::string> lines(std::chrono::seconds timeout = std::chrono::seconds(30)) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    std::vector<std::string> all;
    for (std::string line; next_line(line, deadline);) all.push_back(line);
    return all;
  }

  void end_input() {
    if (in_ >= 0) ::close(in_);
    in_ = -1;
  }
  void kill(int signal = SIGKILL) {
    if (!reaped_) ::kill(pid_, signal);
    if (signal == SIGKILL) (void)wait();
  }
  /// Waits for the end: the exit code, or 128 + the signal.
  int wait() {
    if (!reaped_) {
      ::waitpid(pid_, &status_, 0);
      reaped_ = true;
    }
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  }

 private:
  bool next_line(std::string& line, std::chrono::steady_clock::time_point deadline) {
    for (;;) {
      const std::size_t end = buffer_.find('\n');
      if (end != std::string::npos) {
        line = buffer_.substr(0, end);
        buffer_.erase(0, end + 1);
        return true;
      }
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      pollfd waiting{out_, POLLIN, 0};
      if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return false;
      char chunk[4096];
      const ssize_t size = ::read(out_, chunk, sizeof chunk);
      if (size <= 0) return false;
      buffer_.append(chunk, static_cast<std::size_t>(size));
    }
  }

  pid_t pid_ = -1;
  int in_ = -1;
  int out_ = -1;
  int status_ = 0;
  bool reaped_ = false;
  std::string buffer_;
};

}  // namespace shoal::testing
