#pragma once

#include "feed/bundle/bundle_frame.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <utility>

namespace shoal::feed {

/// Runs that wait on disk, in a file without a name: gone with the object, or with the process. Confined to its caller.
class RunSpool {
 public:
  /// The file comes with the first run, in `directory`.
  explicit RunSpool(std::filesystem::path directory) : directory_(std::move(directory)) {}
  RunSpool(const RunSpool&) = delete;
  RunSpool& operator=(const RunSpool&) = delete;
  ~RunSpool();

  [[nodiscard]] bool empty() const { return size_ == 0; }
  /// Code::io or Code::no_space.
  [[nodiscard]] Result<void> add(const BundleRun& run);
  /// Gives the runs in their order and forgets them.
  [[nodiscard]] Result<void> drain(const std::function<Result<void>(const BundleRun&)>& take);

 private:
  [[nodiscard]] Result<void> create();

  std::filesystem::path directory_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace shoal::feed
