#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace shoal {

/// An integer that does not convert to another kind of integer. `Tag` makes the kind; arithmetic stays within it,
/// and the difference or step is a plain `Rep`.
template <typename Tag, typename Rep>
class StrongInt {
 public:
  using rep = Rep;  ///< the plain integer

  constexpr StrongInt() = default;                            ///< zero
  constexpr explicit StrongInt(Rep value) : value_(value) {}  ///< of this value

  [[nodiscard]] constexpr Rep value() const noexcept { return value_; }  ///< the plain integer

  constexpr auto operator<=>(const StrongInt&) const = default;  ///< by value

  constexpr StrongInt& operator++() {  ///< one step on
    ++value_;
    return *this;
  }
  constexpr StrongInt& operator+=(Rep step) {  ///< `step` on
    value_ += step;
    return *this;
  }
  friend constexpr StrongInt operator+(StrongInt a, Rep step) { return StrongInt(static_cast<Rep>(a.value_ + step)); }
  friend constexpr StrongInt operator-(StrongInt a, Rep step) { return StrongInt(static_cast<Rep>(a.value_ - step)); }
  friend constexpr Rep operator-(StrongInt a, StrongInt b) { return static_cast<Rep>(a.value_ - b.value_); }

 private:
  Rep value_{};
};

}  // namespace shoal

template <typename Tag, typename Rep>
struct std::hash<shoal::StrongInt<Tag, Rep>> {
  std::size_t operator()(shoal::StrongInt<Tag, Rep> value) const noexcept { return std::hash<Rep>{}(value.value()); }
};
