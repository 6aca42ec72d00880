#pragma once

#include "base/try.h"
#include "doors/text/field_values.h"
#include "doors/text/query.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::doors {

/// Writes the fields of a list as parameters; one that holds nothing or no elements is left out.
class QueryWriting {
 public:
  explicit QueryWriting(QueryWriter& query) : query_(query) {}

  template <class T>
  void field(std::string_view name, const T& value) {
    write(name, value);
  }
  template <class T>
  void field_unless(bool omitted, std::string_view name, const T& value) {
    if (!omitted) write(name, value);
  }
  void require(bool, std::string_view) {}

 private:
  void write(std::string_view name, const std::string& value) { query_.add(name, value); }
  void write(std::string_view name, bool value) { query_.add(name, std::int64_t{value ? 1 : 0}); }
  void write(std::string_view name, const std::vector<std::string>& values) {
    for (const std::string& value : values) query_.add(name, value);
  }
  template <Number T>
  void write(std::string_view name, const T& value) {
    query_.add(name, static_cast<std::int64_t>(plain(value)));
  }
  template <Number T>
  void write(std::string_view name, const std::optional<T>& value) {
    if (value) write(name, *value);
  }
  template <class T>
  void write(std::string_view name, const Bounded<T>& number) {
    write(name, number.value);
  }
  template <class T>
  void write(std::string_view name, const Choice<T>& choice) {
    query_.add(name, choice.name());
  }
  template <class T, class ToText, class FromText>
  void write(std::string_view name, const Converted<T, ToText, FromText>& value) {
    query_.add(name, value.to_text(value.value));
  }

  QueryWriter& query_;
};

/// Reads the fields of a list from parameters; one that is missing leaves its value as it is.
class QueryReading {
 public:
  explicit QueryReading(QueryReader& query) : query_(query) {}

  template <class T>
  void field(std::string_view name, T&& value) {
    take(name, value);
  }
  template <class T>
  void field_unless(bool, std::string_view name, T&& value) {
    take(name, value);
  }
  void require(bool holds, std::string_view message) {
    if (!holds) query_.fail(std::string(message));
  }

 private:
  void take(std::string_view name, std::string& value) { value = query_.text(name).value_or(std::move(value)); }
  void take(std::string_view name, bool& value) { value = query_.boolean(name).value_or(value); }
  void take(std::string_view name, std::vector<std::string>& values) { values = query_.texts(name); }
  template <Number T>
  void take(std::string_view name, T& value) {
    take(name, Bounded<T>{value, bounds_of<T>()});
  }
  template <Number T>
  void take(std::string_view name, std::optional<T>& value) {
    T held{};
    if (read_number(name, held, bounds_of<T>())) value = held;
  }
  template <class T>
  void take(std::string_view name, Bounded<T> number) {
    read_number(name, number.value, number.bounds);
  }
  template <class T>
  void take(std::string_view name, Choice<T> choice) {
    const auto text = query_.text(name);
    if (text && !choice.set(*text)) query_.fail(std::string(name) + " " + choice.problem());
  }
  template <class T, class ToText, class FromText>
  void take(std::string_view name, Converted<T, ToText, FromText> value) {
    const auto text = query_.text(name);
    if (!text) return;
    auto parsed = value.from_text(*text);
    if (!parsed.ok()) return query_.fail(std::string(name) + ": " + parsed.error().message);
    value.value = std::move(*parsed);
  }

  template <Number T>
  bool read_number(std::string_view name, T& value, Bounds bounds) {
    const auto held = query_.integer(name, bounds.min, bounds.max);
    if (held) value = T(static_cast<typename NumberOf<T>::Rep>(*held));
    return held.has_value();
  }

  QueryReader& query_;
};

template <class T>
void write_query(const T& options, QueryWriter& query) {
  QueryWriting codec(query);
  fields(codec, options);
}
/// Code::invalid_argument names the first parameter that is wrong or that no field has.
template <class T>
[[nodiscard]] Result<T> read_query(QueryReader query) {
  T options;
  QueryReading codec(query);
  fields(codec, options);
  SHOAL_CHECK(query.finish());
  return options;
}

}  // namespace shoal::doors
