#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>

namespace shoal::store::testing {

/// A fresh directory that is gone with the object. A test that runs a statement in another process (EXPECT_EXIT in
/// threadsafe style runs the test's body again there) finds the same directory in both, and only the first removes it.
class TempDir {
 public:
  TempDir() {
    if (const char* shared = std::getenv(kVariable)) {
      path_ = shared;
      return;
    }
    std::string name = (std::filesystem::temp_directory_path() / "shoal-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
    owner_ = true;
    ::setenv(kVariable, name.c_str(), 1);
  }
  ~TempDir() {
    if (!owner_) return;
    ::unsetenv(kVariable);
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] std::filesystem::path operator/(const char* name) const { return path_ / name; }
  /// True in the process that the test started with.
  [[nodiscard]] bool owner() const { return owner_; }

 private:
  static constexpr const char* kVariable = "SHOAL_STORE_TEST_DIR";
  std::filesystem::path path_;
  bool owner_ = false;
};

/// Sum of the lengths of the files below `path`, but for the write-ahead log: that has a bound of its own, 8 MiB.
inline std::uintmax_t disk_use(const std::filesystem::path& path) {
  std::uintmax_t sum = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    std::error_code ignored;
    if (entry.path().extension() == ".log") continue;
    if (entry.is_regular_file(ignored)) sum += entry.file_size(ignored);
  }
  return sum;
}

/// True once the directory uses no more than `bytes`. A store deletes files when its last background job that might
/// still need them has ended, which is soon, but not before a drop returns.
inline bool shrinks_to(const std::filesystem::path& path, std::uintmax_t bytes) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (disk_use(path) > bytes) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace shoal::store::testing
