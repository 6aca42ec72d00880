#pragma once

#include <shoal/types.h>

#include <concepts>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

/// Writing JSON, and a first look at foreign JSON before a parser builds anything from it.
namespace shoal::base {

/// `text` as a JSON string with its quotes. In a text that is not UTF-8, U+FFFD stands for each byte above ASCII.
void append_json_string(std::string_view text, std::string& out);

/// `"name":` and the bytes as a string; bytes that are not UTF-8 as `"name_b64":` and base64; null without bytes. No
/// comma.
void append_json_bytes(std::string_view name, const std::optional<ByteView>& bytes, std::string& out);

/// True when arrays and objects nest at most `max_depth` deep and hold at most `max_values` values together. Says
/// nothing of any other rule.
[[nodiscard]] bool is_bounded_json(std::string_view text, std::size_t max_depth, std::size_t max_values);

/// Appends one JSON value to a string, commas included. Confined to its string's owner; the string outlives it.
class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);
  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(bool held) { return plain(held ? "true" : "false"); }
  template <std::integral Number>
  JsonWriter& value(Number number) {
    return plain(std::to_string(number));
  }
  JsonWriter& null() { return plain("null"); }
  template <typename Value>
  JsonWriter& value(const std::optional<Value>& held) {
    return held ? value(*held) : null();
  }
  /// A value that is JSON already.
  JsonWriter& raw(std::string_view json) { return plain(json); }

  template <typename Value>
  JsonWriter& member(std::string_view name, const Value& held) {
    return key(name).value(held);
  }
  /// See append_json_bytes().
  JsonWriter& bytes_member(std::string_view name, const std::optional<ByteView>& bytes);

 private:
  void separate();
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& plain(std::string_view text);

  std::string& out_;
  bool comma_ = false;  ///< a value stands before the next one
};

}  // namespace shoal::base
