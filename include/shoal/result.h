#pragma once

#include <shoal/error.h>

#include <type_traits>
#include <utility>
#include <variant>

namespace shoal {

/// Either a value or an Error. Functions that can fail return it; nothing in the library throws across its API.
///
/// Reading `value()` of a failed result, or `error()` of a good one, is a programmer error and ends the process.
template <typename T>
class [[nodiscard]] Result {
  static_assert(!std::is_same_v<T, Error>, "a Result's value cannot be an Error");

 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& value() & { return require<0>(state_); }
  const T& value() const& { return require<0>(state_); }
  T&& value() && { return std::move(require<0>(state_)); }

  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  Error& error() & { return require<1>(state_); }
  const Error& error() const& { return require<1>(state_); }
  Error&& error() && { return std::move(require<1>(state_)); }

 private:
  template <std::size_t I, typename Variant>
  static auto& require(Variant& state) {
    auto* held = std::get_if<I>(&state);
    if (held == nullptr) __builtin_trap();
    return *held;
  }

  std::variant<T, Error> state_;
};

/// Success without a value, or an Error. `return {};` is success.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), failed_(true) {}  // NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const noexcept { return !failed_; }
  explicit operator bool() const noexcept { return ok(); }

  const Error& error() const& { return require(); }
  Error&& error() && { return std::move(const_cast<Error&>(require())); }

 private:
  [[nodiscard]] const Error& require() const {
    if (!failed_) __builtin_trap();
    return error_;
  }

  Error error_;
  bool failed_ = false;
};

}  // namespace shoal
