#pragma once

#include <shoal/types.h>

#include <algorithm>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

/// What field lists are made of. Every struct that travels as text lists its fields once, in the order of the text:
///
///     template <class Codec, Is<HeadHintInfo> Self>
///     void fields(Codec& c, Self& hint) {
///       c.field("tree_size", hint.tree_size);
///       c.field("time_ms", bounded(hint.time, 0));
///     }
///
/// Codecs walk over the list: JsonWriting and JsonReading, QueryWriting and QueryReading. They have
///
/// - `field(name, value)`: always written. JSON needs the member; a parameter of a query may be missing.
/// - `field_or_default(name, value)`: always written; when it is missing, `value` stays as it is.
/// - `field_unless(omitted, name, value)`: written unless `omitted`; read like field_or_default().
/// - `require(holds, message)`: a reader refuses what does not hold; a writer does nothing.
namespace shoal::doors {

/// `Self` is `T`, const or not.
template <class Self, class T>
concept Is = std::same_as<std::remove_const_t<Self>, T>;

/// No time span of an option is longer: sums with the clock stay far from overflow.
inline constexpr std::int64_t kMaxMilliseconds = std::int64_t{100} * 365 * 24 * 3600 * 1000;

/// The plain integer of each type that is written as a number.
template <class T>
struct NumberOf {};
template <std::integral T>
requires(!std::same_as<T, bool>) struct NumberOf<T> {
  using Rep = T;
  static Rep plain(T value) { return value; }
};
template <class Tag, class R>
struct NumberOf<StrongInt<Tag, R>> {
  using Rep = R;
  static Rep plain(StrongInt<Tag, R> value) { return value.value(); }
};
template <>
struct NumberOf<std::chrono::milliseconds> {
  using Rep = std::chrono::milliseconds::rep;
  static Rep plain(std::chrono::milliseconds value) { return value.count(); }
};

template <class T>
concept Number = requires {
  typename NumberOf<T>::Rep;
};
/// Counts to 2^64 - 1, beyond what a signed integer holds.
template <class T>
concept Size = Number<T> && std::same_as<typename NumberOf<T>::Rep, std::uint64_t>;

template <Number T>
auto plain(T value) {
  return NumberOf<T>::plain(value);
}

struct Bounds {
  std::int64_t min;
  std::int64_t max;
};

/// What a number of this type may be, where its field does not say otherwise.
template <Number T>
constexpr Bounds bounds_of() {
  using Rep = typename NumberOf<T>::Rep;
  if constexpr (std::same_as<T, std::chrono::milliseconds>) {
    return {0, kMaxMilliseconds};
  } else if constexpr (Size<T>) {
    return {0, INT64_MAX};
  } else {
    const bool from_zero = std::same_as<T, Partition> || std::same_as<T, Offset>;
    return {from_zero ? 0 : std::int64_t{std::numeric_limits<Rep>::min()},
            std::int64_t{std::numeric_limits<Rep>::max()}};
  }
}

/// A number with bounds of its own, both included.
template <class T>
struct Bounded {
  T& value;
  Bounds bounds;
};
template <class T>
Bounded<T> bounded(T& value, std::int64_t min, std::int64_t max = INT64_MAX) {
  return {value, {min, max}};
}

/// A number that has a value for "none", which is null in JSON. What is below `min` is none, too.
template <class T>
struct OrNull {
  T& value;
  std::remove_const_t<T> none;
  std::int64_t min;
};
template <class T>
OrNull<T> or_null(T& value, std::remove_const_t<T> none, std::int64_t min) {
  return {value, none, min};
}
/// kNoTime is null.
template <Is<UnixMs> T>
OrNull<T> time_or_null(T& value) {
  return {value, kNoTime, INT64_MIN};
}

/// An enumeration, by the names of its values in their order.
template <class T>
struct Choice {
  T& value;
  std::span<const std::string_view> names;

  [[nodiscard]] std::string_view name() const { return names[static_cast<std::size_t>(value)]; }
  /// False when `name` is none of the names.
  [[nodiscard]] bool set(std::string_view name) const {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return false;
    value = static_cast<T>(found - names.begin());
    return true;
  }
  [[nodiscard]] std::string problem() const {
    std::string text = "is none of ";
    for (const std::string_view& each : names) text.append(&each == names.data() ? "" : ", ").append(each);
    return text;
  }
};
template <class T, std::size_t N>
Choice<T> choice(T& value, const std::string_view (&names)[N]) {
  return {value, names};
}

/// A value that has a text of its own: `to_text(value)`, and `from_text(text)`, which gives a Result.
template <class T, class ToText, class FromText>
struct Converted {
  T& value;
  ToText to_text;
  FromText from_text;
};
template <class T, class ToText, class FromText>
Converted<T, ToText, FromText> converted(T& value, ToText to_text, FromText from_text) {
  return {value, to_text, from_text};
}

/// Any bytes in a std::string: `name`, or `name_b64` when they are not UTF-8.
template <class T>
struct RawText {
  T& value;
};
template <class T>
RawText<T> raw_text(T& value) {
  return {value};
}

/// The same of an optional text that leaves no copy in the document it is read from.
template <class T>
struct Secret {
  T& value;
};
template <class T>
Secret<T> secret(T& value) {
  return {value};
}

}  // namespace shoal::doors
