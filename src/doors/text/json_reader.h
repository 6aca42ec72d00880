#pragma once

#include <shoal/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::doors {

/// Reads one foreign JSON object. Each member is asked for once, by name and kind; the first thing that is wrong is
/// kept and told by finish(), and what is asked after it answers empty values. Copies read the same document.
class JsonReader {
 public:
  static constexpr std::size_t kMaxDepth = 8;
  static constexpr std::size_t kMaxValues = std::size_t{1} << 19;

  /// Code::invalid_argument for anything but one JSON object in UTF-8, Code::limit_exceeded above the limits.
  [[nodiscard]] static Result<JsonReader> parse(std::string_view text);

  /// Present, null included.
  [[nodiscard]] bool has(std::string_view name) const;
  /// Missing or null.
  [[nodiscard]] bool is_null(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;

  // Required members.
  [[nodiscard]] std::string text(std::string_view name);
  [[nodiscard]] bool boolean(std::string_view name);
  /// Any number is refused that has a fraction or an exponent, or lies outside the bounds, both included.
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t min = 0, std::int64_t max = INT64_MAX);
  [[nodiscard]] std::uint64_t size(std::string_view name);
  [[nodiscard]] FeedId feed(std::string_view name);
  [[nodiscard]] std::vector<std::string> texts(std::string_view name);
  /// `name`, `name_b64`, or null.
  [[nodiscard]] std::optional<Bytes> bytes(std::string_view name);
  /// `[[name,value]...]`; name and value are texts or `{"b64":...}`, values may be null.
  [[nodiscard]] std::vector<std::pair<std::string, std::optional<Bytes>>> headers(std::string_view name);
  [[nodiscard]] JsonReader object(std::string_view name);
  [[nodiscard]] std::vector<JsonReader> objects(std::string_view name);

  // Members that may be missing or null.
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view name);
  [[nodiscard]] std::optional<std::int64_t> optional_integer(std::string_view name, std::int64_t min = 0,
                                                             std::int64_t max = INT64_MAX);
  [[nodiscard]] std::optional<std::uint64_t> optional_size(std::string_view name);
  [[nodiscard]] bool boolean_or(std::string_view name, bool otherwise);
  [[nodiscard]] std::optional<JsonReader> optional_object(std::string_view name);

  /// Overwrites a text member in the document: for secrets, once they were read.
  void wipe(std::string_view name);

  /// This object as JSON text; its members count as asked for.
  [[nodiscard]] std::string dump();
  /// Code::invalid_argument with `what`, unless something was wrong before.
  void fail(const std::string& what);
  /// What was wrong first, or a member of this object that nobody asked for.
  [[nodiscard]] Result<void> finish();

 private:
  struct Document;

  /// `value` is an object of the document; untyped because headers do not name the JSON library.
  JsonReader(std::shared_ptr<Document> document, const void* value) : document_(std::move(document)), value_(value) {}

  /// The member, counted as asked for; null and a failure when it is missing.
  [[nodiscard]] const void* take(std::string_view name);
  /// The same; null without a failure when it is missing or null.
  [[nodiscard]] const void* take_optional(std::string_view name);
  [[nodiscard]] std::int64_t to_integer(const void* value, std::string_view name, std::int64_t min, std::int64_t max);
  [[nodiscard]] std::uint64_t to_size(const void* value, std::string_view name);
  [[nodiscard]] std::string to_text(const void* value, std::string_view name);
  /// A text, or an object with the one member `b64`.
  [[nodiscard]] Bytes to_bytes(const void* value, std::string_view name);
  [[nodiscard]] Bytes from_base64(const void* value, std::string_view name);

  std::shared_ptr<Document> document_;
  const void* value_;
  std::vector<const void*> asked_;  ///< values of the members that were asked for
};

}  // namespace shoal::doors
