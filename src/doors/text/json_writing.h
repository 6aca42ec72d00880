#pragma once

#include "base/bytes.h"
#include "base/json_text.h"
#include "doors/text/field_values.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::doors {

/// Writes the fields of a list as members of the JSON object that is open.
class JsonWriting {
 public:
  explicit JsonWriting(base::JsonWriter& json) : json_(json) {}

  template <class T>
  void field(std::string_view name, const T& value) {
    member(name, value);
  }
  template <class T>
  void field_or_default(std::string_view name, const T& value) {
    member(name, value);
  }
  template <class T>
  void field_unless(bool omitted, std::string_view name, const T& value) {
    if (!omitted) member(name, value);
  }
  void require(bool, std::string_view) {}

  /// `{...}` with the fields of the list, or the array of the elements, or a plain value.
  void write(bool value) { json_.value(value); }
  void write(const std::string& value) { json_.value(value); }
  void write(std::string_view value) { json_.value(value); }
  void write(const std::filesystem::path& value) { json_.value(value.string()); }
  void write(const FeedId& value) { json_.value(value.hex()); }
  template <std::size_t N>
  void write(const std::array<std::uint8_t, N>& value) {
    json_.value(base::to_hex(value));
  }
  template <Number T>
  void write(const T& value) {
    json_.value(plain(value));
  }
  template <class T>
  void write(const Bounded<T>& number) {
    write(number.value);
  }
  template <class T>
  void write(const OrNull<T>& number) {
    if (number.value == number.none || plain(number.value) < number.min) {
      json_.null();
    } else {
      write(number.value);
    }
  }
  template <class T>
  void write(const Choice<T>& choice) {
    json_.value(choice.name());
  }
  template <class T>
  void write(const std::optional<T>& value) {
    if (value) {
      write(*value);
    } else {
      json_.null();
    }
  }
  template <class T>
  void write(const std::vector<T>& values) {
    json_.begin_array();
    for (const T& value : values) write(value);
    json_.end_array();
  }
  template <class T>
  void write(const std::map<std::string, T>& values) {
    json_.begin_object();
    for (const auto& [name, value] : values) field(name, value);
    json_.end_object();
  }
  /// One header of a record: `[name,value]`.
  template <class Name, class Value>
  void write(const std::pair<Name, std::optional<Value>>& header) {
    json_.begin_array();
    inline_bytes(base::as_bytes(header.first));
    if (header.second) {
      inline_bytes(*header.second);
    } else {
      json_.null();
    }
    json_.end_array();
  }
  template <class T>
  void write(const T& object) {
    json_.begin_object();
    fields(*this, object);
    json_.end_object();
  }

 private:
  template <class T>
  void member(std::string_view name, const T& value) {
    json_.key(name);
    write(value);
  }
  void member(std::string_view name, const std::optional<ByteView>& bytes) { json_.bytes_member(name, bytes); }
  void member(std::string_view name, const std::optional<Bytes>& bytes) {
    json_.bytes_member(name, bytes ? std::optional<ByteView>(*bytes) : std::nullopt);
  }
  template <class T>
  void member(std::string_view name, const RawText<T>& text) {
    json_.bytes_member(name, base::as_bytes(text.value));
  }
  template <class T>
  void member(std::string_view name, const Secret<T>& secret) {
    json_.bytes_member(name, base::as_bytes(*secret.value));
  }
  /// A text, or `{"b64":...}` for bytes that are not UTF-8.
  void inline_bytes(ByteView bytes) {
    if (base::is_utf8(bytes)) {
      json_.value(base::as_text(bytes));
    } else {
      json_.begin_object().member("b64", base::to_base64(bytes)).end_object();
    }
  }

  base::JsonWriter& json_;
};

/// Appends the object, or the array of objects, by its field list.
template <class T>
void write_json(const T& value, base::JsonWriter& json) {
  JsonWriting(json).write(value);
}

}  // namespace shoal::doors
