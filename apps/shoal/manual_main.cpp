#include "command.h"
#include "completion/completion.h"
#include "manual_page.h"

#include <filesystem>
#include <fstream>
#include <iostream>

// Part of the build: writes DIR/man/*.1 and DIR/completions/{bash,zsh,fish}/*, which are then installed.

namespace {

bool write_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) std::cerr << "shoal_manual: cannot write " << path << "\n";
  return !file.fail();
}

}  // namespace

int main(int argc, char** argv) {
  using namespace shoal::command;
  if (argc != 3) {
    std::cerr << "usage: shoal_manual DIR DATE\n";
    return 2;
  }
  const std::filesystem::path directory = argv[1];
  // A page of a command that is gone must not be installed.
  std::filesystem::remove_all(directory / "man");
  const std::vector<CommandTable> tables = all_tables();
  bool written = true;
  for (const ManualPage& page : manual_pages(tables, argv[2])) {
    written = write_file(directory / "man" / page.file, page.text) && written;
  }
  // Named as each shell looks for them.
  written = write_file(directory / "completions" / "bash" / "shoal", bash_completion(tables)) && written;
  written = write_file(directory / "completions" / "zsh" / "_shoal", zsh_completion(tables)) && written;
  written = write_file(directory / "completions" / "fish" / "shoal.fish", fish_completion(tables)) && written;
  return written ? 0 : 1;
}
