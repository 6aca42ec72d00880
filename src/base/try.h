#pragma once

#include <utility>

// Early return for functions that return Result: SHOAL_TRY(auto x, f()) binds the value or returns f's error,
// SHOAL_CHECK(f()) does the same for results without a value.

#define SHOAL_TRY_CONCAT_INNER(a, b) a##b
#define SHOAL_TRY_CONCAT(a, b) SHOAL_TRY_CONCAT_INNER(a, b)
#define SHOAL_TRY_IMPL(result, declaration, ...)        \
  auto result = (__VA_ARGS__);                          \
  if (!(result).ok()) return std::move(result).error(); \
  declaration = std::move(result).value()

#define SHOAL_TRY(declaration, ...) SHOAL_TRY_IMPL(SHOAL_TRY_CONCAT(shoal_result_, __LINE__), declaration, __VA_ARGS__)

#define SHOAL_CHECK(...)                                                     \
  do {                                                                       \
    if (auto shoal_check_result = (__VA_ARGS__); !shoal_check_result.ok()) { \
      return std::move(shoal_check_result).error();                          \
    }                                                                        \
  } while (false)
