#include "fuzz/fuzz.h"

#include <fstream>
#include <iterator>

namespace shoal::fuzz {

Bytes vector_file(const std::string& name) {
  std::ifstream file(std::string(SHOAL_TEST_DATA) + "/vectors/" + name, std::ios::binary);
  SHOAL_ASSERT(file.good());
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace shoal::fuzz
