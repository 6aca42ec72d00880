#pragma once

#include <shoal/error.h>

#include <cstddef>
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
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      ///< success NOLINT
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  ///< failure NOLINT

  [[nodiscard]] bool ok() const noexcept { return state_.index() == 0; }  ///< whether there is a value
  explicit operator bool() const noexcept { return ok(); }                ///< the same

  T& value() & { return require<0>(state_); }               ///< the value, as long as this result lives
  const T& value() const& { return require<0>(state_); }    ///< the same
  T&& value() && { return std::move(require<0>(state_)); }  ///< the value, to be moved from

  T& operator*() & { return value(); }                     ///< value()
  const T& operator*() const& { return value(); }          ///< value()
  T&& operator*() && { return std::move(*this).value(); }  ///< value()
  T* operator->() { return &value(); }                     ///< the value's members
  const T* operator->() const { return &value(); }         ///< the same

  Error& error() & { return require<1>(state_); }               ///< why there is none, as long as this result lives
  const Error& error() const& { return require<1>(state_); }    ///< the same
  Error&& error() && { return std::move(require<1>(state_)); }  ///< the same, to be moved from

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
  Result() = default;                                               ///< success
  Result(Error error) : error_(std::move(error)), failed_(true) {}  ///< failure NOLINT(google-explicit-constructor)

  [[nodiscard]] bool ok() const noexcept { return !failed_; }  ///< whether it succeeded
  explicit operator bool() const noexcept { return ok(); }     ///< the same

  const Error& error() const& { return require(); }  ///< why it failed, as long as this result lives
  Error&& error() && { return std::move(const_cast<Error&>(require())); }  ///< the same, to be moved from

 private:
  [[nodiscard]] const Error& require() const {
    if (!failed_) __builtin_trap();
    return error_;
  }

  Error error_;
  bool failed_ = false;
};

}  // namespace shoal
