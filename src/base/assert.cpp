#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace shoal::base {

void assertion_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "shoal: internal error: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

}  // namespace shoal::base
