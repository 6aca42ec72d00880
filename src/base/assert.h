#pragma once

namespace shoal::base {

/// Prints the broken assumption and aborts. Only programmer errors come here, never bad input.
[[noreturn]] void assertion_failed(const char* condition, const char* file, int line) noexcept;

}  // namespace shoal::base

/// Stays on in release builds: a wrong state must not be signed, stored or sent.
#define SHOAL_ASSERT(condition) \
  ((condition) ? static_cast<void>(0) : ::shoal::base::assertion_failed(#condition, __FILE__, __LINE__))
