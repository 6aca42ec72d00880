#pragma once

#include <malloc.h>

#include <fstream>
#include <string>

namespace shoal::record {

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SHOAL_TEST_INSTRUMENTED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SHOAL_TEST_INSTRUMENTED 1
#endif

/// How far the process's resident memory rises above what it is now.
class PeakMemory {
 public:
  PeakMemory() {
    malloc_trim(0);
    std::ofstream("/proc/self/clear_refs") << "5";  // proc(5): resets the peak
    before_kib_ = read_kib("VmRSS:");
  }

  [[nodiscard]] long grown_kib() const { return read_kib("VmHWM:") - before_kib_; }

  /// RELIABILITY: no input costs more than 64 MiB. A sanitizer keeps freed memory, so with one only the order of
  /// magnitude is checked.
  static constexpr long allowed_kib() {
#if defined(SHOAL_TEST_INSTRUMENTED)
    return 1024 * 1024;
#else
    return 64 * 1024;
#endif
  }

 private:
  static long read_kib(const std::string& field) {
    std::ifstream status("/proc/self/status");
    std::string word;
    long value = 0;
    while (status >> word) {
      if (word == field && status >> value) return value;
    }
    return 0;
  }

  long before_kib_ = 0;
};

}  // namespace shoal::record
