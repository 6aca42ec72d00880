#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace shoal::node {

/// Which node this is.
struct NodeFacts {
  std::string version;   ///< of the program
  std::int64_t pid = 0;  ///< of the process that holds the directory
  std::filesystem::path data_dir;
  std::string listening;  ///< `host:port`; empty when offline
  std::string node_key;   ///< hex
};

}  // namespace shoal::node
