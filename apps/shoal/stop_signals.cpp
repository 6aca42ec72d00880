#include "stop_signals.h"

#include "base/assert.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <cerrno>
#include <csignal>
#include <system_error>

namespace shoal::command {
namespace {

sigset_t stop_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

void wait_readable(int fd) {
  pollfd ready{fd, POLLIN, 0};
  while (::poll(&ready, 1, -1) < 0 && errno == EINTR) {
  }
}

}  // namespace

StopSignals::StopSignals() {
  std::signal(SIGPIPE, SIG_IGN);
  const sigset_t set = stop_set();
  SHOAL_ASSERT(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0);
  const bool piped = ::pipe2(stop_pipe_, O_CLOEXEC) == 0 && ::pipe2(quit_pipe_, O_CLOEXEC) == 0;
  const int signals = piped ? ::signalfd(-1, &set, SFD_CLOEXEC) : -1;
  if (signals < 0) throw std::system_error(errno, std::generic_category(), "cannot wait for signals");
  thread_ = std::thread([this, signals] { run(signals); });
}

StopSignals::~StopSignals() {
  ::close(quit_pipe_[1]);
  thread_.join();
  for (const int fd : {quit_pipe_[0], stop_pipe_[0], stop_pipe_[1]}) ::close(fd);
}

void StopSignals::run(int signals) {
  while (true) {
    pollfd waits[2] = {{signals, POLLIN, 0}, {quit_pipe_[0], POLLIN, 0}};
    if (::poll(waits, 2, -1) < 0) continue;
    if (waits[1].revents != 0) break;
    signalfd_siginfo info{};
    if (::read(signals, &info, sizeof info) != static_cast<ssize_t>(sizeof info)) continue;
    const int number = static_cast<int>(info.ssi_signo);
    if (signal_.exchange(number) != 0) ::_exit(128 + number);
    // In this order: a thread that wakes by the pipe finds the stop requested.
    source_.request_stop();
    static_cast<void>(!::write(stop_pipe_[1], "x", 1));
  }
  ::close(signals);
}

void StopSignals::wait() const { wait_readable(stop_pipe_[0]); }

Exit StopSignals::exit() const { return signal_ == SIGTERM ? Exit::terminated : Exit::interrupted; }

}  // namespace shoal::command
