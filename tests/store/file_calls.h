#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace shoal::store::testing {

/// Watches what this process does to the files directly in one directory, as long as the object lives, and makes
/// calls fail. A call is named "pwrite journal", "fsync ." (the directory itself). One object at a time.
class FileCalls {
 public:
  explicit FileCalls(std::filesystem::path directory);
  ~FileCalls();
  FileCalls(const FileCalls&) = delete;
  FileCalls& operator=(const FileCalls&) = delete;

  /// The next `times` such calls give this errno and do nothing.
  void fail(const std::string& call, int error, std::size_t times = 1);
  /// pread(), pwrite() and write() move this many bytes at most.
  void limit_bytes(std::size_t most);
  /// Calls that were made but for open(), those that failed too; one that follows its like is left out.
  [[nodiscard]] std::vector<std::string> made();

  /// For the calls themselves: the errno to give, 0 to go on; shortens `size` where it is given.
  int asked(const char* call, const std::string& path, std::size_t* size = nullptr);

 private:
  const std::filesystem::path directory_;
  std::mutex mutex_;  // of what follows
  struct Failure {
    int error = 0;
    std::size_t times = 0;
  };
  std::map<std::string, Failure> failures_;
  std::size_t most_;
  std::vector<std::string> made_;
};

}  // namespace shoal::store::testing
