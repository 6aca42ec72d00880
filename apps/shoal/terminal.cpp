#include "terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>
#include <cstdlib>
#include <string_view>

namespace shoal::command {
namespace {

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

}  // namespace

Terminal terminal_of(int fd) {
  Terminal terminal;
  const std::string_view kind = environment("TERM");
  if (::isatty(fd) != 1 || kind.empty() || kind == "dumb") return terminal;
  terminal.redraws = true;
  terminal.colours = environment("NO_COLOR").empty();
  winsize size{};
  if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.columns = size.ws_col;
  return terminal;
}

}  // namespace shoal::command
