// libFuzzer programs only: writes seeds() as files into the directory that SHOAL_FUZZ_SEEDS names, before anything
// runs.
#include "fuzz/fuzz.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  const char* directory = std::getenv("SHOAL_FUZZ_SEEDS");
  if (directory == nullptr) return 0;
  std::filesystem::create_directories(directory);
  int number = 0;
  for (const shoal::Bytes& seed : shoal::fuzz::seeds()) {
    std::ofstream file(std::filesystem::path(directory) / ("seed-" + std::to_string(number++)), std::ios::binary);
    const std::string_view text = shoal::base::as_text(seed);
    file.write(text.data(), static_cast<std::streamsize>(text.size()));
    SHOAL_ASSERT(file.good());
  }
  return 0;
}
