#include "command_line.h"

#include <malloc.h>
#include <sys/resource.h>
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <new>
#include <system_error>
#include <thread>

namespace {

/// Each peer is a descriptor: as many as the system grants, where shells start with 1024.
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  constexpr rlim_t kEnough = 16384;
  limit.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kEnough));
  setrlimit(RLIMIT_NOFILE, &limit);
}

/// One heap for each processor. glibc's default is eight for each, and each keeps some of what a burst has freed.
void bound_heaps() { mallopt(M_ARENA_MAX, static_cast<int>(std::max(1U, std::thread::hardware_concurrency()))); }

[[noreturn]] void refuse(const char* what, const char* why) {
  std::fprintf(stderr, "shoal: error: %s: %s\nhint: raise the limits of this process (ulimit -a shows them)\n", what,
               why);
  std::_Exit(1);
}

/// Threads and memory that the system refuses come as exceptions, on any thread. They end the process with an error
/// line; everything else that ends up here is a fault of the program and leaves a core.
[[noreturn]] void end_in_words() {
  const std::exception_ptr thrown = std::current_exception();
  try {
    if (thrown) std::rethrow_exception(thrown);
  } catch (const std::system_error& failure) {
    refuse("the system refuses a thread or a descriptor", failure.what());
  } catch (const std::bad_alloc&) {
    refuse("the system refuses memory", "a limit of this process was met");
  } catch (...) {
    std::abort();
  }
  // Thrown while other threads of the same owner ran already.
  if (std::uncaught_exceptions() > 0) refuse("the system refuses a thread", "a limit of this process was met");
  std::abort();
}

}  // namespace

int main(int argc, char** argv) {
  // Times without a zone are UTC everywhere, in strptime's %s too.
  setenv("TZ", "UTC0", 1);
  tzset();
  // A write beyond the limit of a file's size fails then, as on a full disk.
  std::signal(SIGXFSZ, SIG_IGN);
  raise_descriptor_limit();
  bound_heaps();
  std::set_terminate(end_in_words);
  return shoal::command::run_command_line(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}
