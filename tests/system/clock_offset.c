/* Preloaded: the wall clock of the program is off by SHOAL_TEST_CLOCK_OFFSET seconds. */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *time) {
  const long done = syscall(SYS_clock_gettime, clock, time);
  const char *offset = getenv("SHOAL_TEST_CLOCK_OFFSET");
  if (done == 0 && clock == CLOCK_REALTIME && offset != NULL) time->tv_sec += atol(offset);
  return (int)done;
}
