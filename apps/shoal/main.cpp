#include "command_line.h"

#include <malloc.h>
#include <sys/resource.h>
#include <algorithm>
#include <cstdlib>
#include <ctime>
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

}  // namespace

int main(int argc, char** argv) {
  // Times without a zone are UTC everywhere, in strptime's %s too.
  setenv("TZ", "UTC0", 1);
  tzset();
  raise_descriptor_limit();
  bound_heaps();
  return shoal::command::run_command_line(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}
