#pragma once

#include <unistd.h>

#include <fstream>

namespace shoal::simulation {

/// Resident bytes of this process.
inline double resident() {
  std::ifstream in("/proc/self/statm");
  double all = 0;
  double pages = 0;
  in >> all >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

}  // namespace shoal::simulation
