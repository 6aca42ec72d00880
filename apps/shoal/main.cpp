#include "command_line.h"

#include <cstdlib>
#include <ctime>

int main(int argc, char** argv) {
  // Times without a zone are UTC everywhere, in strptime's %s too.
  setenv("TZ", "UTC0", 1);
  tzset();
  return shoal::command::run_command_line(std::vector<std::string>(argv + (argc > 0 ? 1 : 0), argv + argc));
}
