#pragma once

#include "base/bytes.h"
#include "base/try.h"
#include "doors/text/field_values.h"
#include "doors/text/json_reader.h"

#include <string.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace shoal::doors {

/// Reads the fields of a list from the members of a JSON object. What is wrong is kept by the reader, for its finish().
class JsonReading {
 public:
  explicit JsonReading(JsonReader& in) : in_(in) {}

  template <class T>
  void field(std::string_view name, T&& value) {
    take(name, value);
  }
  template <class T>
  void field_or_default(std::string_view name, T&& value) {
    take_present(name, value);
  }
  template <class T>
  void field_unless(bool, std::string_view name, T&& value) {
    take_present(name, value);
  }
  void require(bool holds, std::string_view message) {
    if (!holds) in_.fail(std::string(message));
  }

  /// The whole object: its fields and no other member.
  template <class T>
  [[nodiscard]] static Result<void> read(JsonReader in, T& object) {
    JsonReading codec(in);
    fields(codec, object);
    return in.finish();
  }
  /// Ends with the first one that is wrong, so that what follows costs no memory.
  template <class T>
  [[nodiscard]] static Result<void> read(std::vector<JsonReader> in, std::vector<T>& objects) {
    for (JsonReader& item : in) SHOAL_CHECK(read(std::move(item), objects.emplace_back()));
    return {};
  }

 private:
  using Headers = std::vector<std::pair<std::string, std::optional<Bytes>>>;

  void take(std::string_view name, bool& value) { value = in_.boolean(name); }
  void take(std::string_view name, std::string& value) { value = in_.text(name); }
  void take(std::string_view name, std::filesystem::path& value) { value = in_.text(name); }
  void take(std::string_view name, FeedId& value) { value = in_.feed(name); }
  void take(std::string_view name, std::vector<std::string>& value) { value = in_.texts(name); }
  void take(std::string_view name, std::optional<Bytes>& value) { value = in_.bytes(name); }
  void take(std::string_view name, Headers& value) { value = in_.headers(name); }
  template <std::size_t N>
  void take(std::string_view name, std::array<std::uint8_t, N>& value) {
    const auto bytes = base::from_hex(in_.text(name));
    if (!bytes || bytes->size() != N) return in_.fail("'" + std::string(name) + "' is not hex of its size");
    std::copy(bytes->begin(), bytes->end(), value.begin());
  }
  template <Number T>
  void take(std::string_view name, T& value) {
    take(name, Bounded<T>{value, bounds_of<T>()});
  }
  template <Size T>
  void take(std::string_view name, T& value) {
    value = T(in_.size(name));
  }
  template <class T>
  void take(std::string_view name, Bounded<T> number) {
    number.value = to<T>(in_.integer(name, number.bounds.min, number.bounds.max));
  }
  template <class T>
  void take(std::string_view name, OrNull<T> number) {
    const auto held = in_.optional_integer(name, number.min);
    number.value = held ? to<T>(*held) : number.none;
  }
  template <class T>
  void take(std::string_view name, Choice<T> choice) {
    set(name, choice, in_.text(name));
  }
  template <Number T>
  void take(std::string_view name, std::optional<T>& value) {
    value = optional_number<T>(name);
  }
  template <class T>
  void take(std::string_view name, std::optional<T>& value) {
    if (auto held = in_.optional_object(name)) std::ignore = read(std::move(*held), value.emplace());
  }
  template <class T>
  void take(std::string_view name, std::vector<T>& values) {
    std::ignore = read(in_.objects(name), values);
  }
  template <Number T>
  void take(std::string_view name, std::map<std::string, T>& values) {
    auto held = in_.optional_object(name);
    if (!held) return;
    JsonReading inner(*held);
    for (const std::string& key : held->names()) inner.take(key, values[key]);
  }
  template <class T>
  void take(std::string_view name, RawText<T> text) {
    if (const auto held = in_.bytes(name)) text.value.assign(held->begin(), held->end());
  }
  template <class T>
  void take(std::string_view name, Secret<T> secret) {
    auto held = in_.bytes(name);
    if (held) secret.value.emplace(held->begin(), held->end());
    if (held && !held->empty()) explicit_bzero(held->data(), held->size());
    in_.wipe(name);
    in_.wipe(std::string(name) + "_b64");
  }
  template <class T>
  void take(std::string_view name, T& object) {
    std::ignore = read(in_.object(name), object);
  }

  /// A number or a choice that is null counts as missing.
  template <class T>
  void take_present(std::string_view name, T& value) {
    if (in_.has(name)) take(name, value);
  }
  template <Number T>
  void take_present(std::string_view name, T& value) {
    value = optional_number<T>(name).value_or(value);
  }
  template <class T>
  void take_present(std::string_view name, Choice<T> choice) {
    if (const auto held = in_.optional_text(name)) set(name, choice, *held);
  }
  void take_present(std::string_view name, std::optional<Bytes>& value) {
    if (in_.has_bytes(name)) take(name, value);
  }
  template <class T>
  void take_present(std::string_view name, RawText<T> text) {
    if (in_.has_bytes(name)) take(name, text);
  }
  template <class T>
  void take_present(std::string_view name, Secret<T> secret) {
    if (in_.has_bytes(name)) take(name, secret);
  }

  template <Number T>
  std::optional<T> optional_number(std::string_view name) {
    if constexpr (Size<T>) {
      const auto held = in_.optional_size(name);
      return held ? std::optional<T>(T(*held)) : std::nullopt;
    } else {
      const Bounds bounds = bounds_of<T>();
      const auto held = in_.optional_integer(name, bounds.min, bounds.max);
      return held ? std::optional<T>(to<T>(*held)) : std::nullopt;
    }
  }
  template <class T>
  void set(std::string_view name, Choice<T> choice, std::string_view text) {
    if (!choice.set(text)) in_.fail("'" + std::string(name) + "' " + choice.problem());
  }
  template <class T>
  static T to(std::int64_t number) {
    return T(static_cast<typename NumberOf<T>::Rep>(number));
  }

  JsonReader& in_;
};

/// The object by its field list, nothing else in it. Code::invalid_argument names the first member that is wrong.
template <class T>
[[nodiscard]] Result<T> read_json(JsonReader in) {
  T object;
  SHOAL_CHECK(JsonReading::read(std::move(in), object));
  return object;
}
/// The elements of an array of such objects.
template <class T>
[[nodiscard]] Result<std::vector<T>> read_json(std::vector<JsonReader> in) {
  std::vector<T> objects;
  SHOAL_CHECK(JsonReading::read(std::move(in), objects));
  return objects;
}

}  // namespace shoal::doors
