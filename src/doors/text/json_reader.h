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

/// Reads one JSON object of somebody else's text. A caller asks for each member once, by name and kind. The first
/// problem of the document is kept for finish(); a member that cannot be read gives an empty value. Copies read the
/// same document and share its problem. Confined to one thread, together with its copies and the readers of inner
/// objects.
class JsonReader {
 public:
  static constexpr std::size_t kMaxDepth = 8;
  static constexpr std::size_t kMaxValues = std::size_t{1} << 19;

  /// Code::invalid_argument for anything but one JSON object in UTF-8, Code::limit_exceeded above the limits.
  [[nodiscard]] static Result<JsonReader> parse(std::string_view text);

  JsonReader(const JsonReader& other);
  JsonReader& operator=(const JsonReader& other);
  JsonReader(JsonReader&&) noexcept;
  JsonReader& operator=(JsonReader&&) noexcept;
  ~JsonReader();

  /// Present, null included.
  [[nodiscard]] bool has(std::string_view name) const;
  /// `name` or `name_b64` is present: see bytes().
  [[nodiscard]] bool has_bytes(std::string_view name) const;
  /// Missing or null.
  [[nodiscard]] bool is_null(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> names() const;

  // Required members.
  [[nodiscard]] std::string text(std::string_view name);
  [[nodiscard]] bool boolean(std::string_view name);
  /// A number with a fraction or an exponent is refused, and one outside the bounds, which are both included.
  [[nodiscard]] std::int64_t integer(std::string_view name, std::int64_t min = 0, std::int64_t max = INT64_MAX);
  [[nodiscard]] std::uint64_t size(std::string_view name);
  [[nodiscard]] FeedId feed(std::string_view name);
  [[nodiscard]] std::vector<std::string> texts(std::string_view name);
  /// `name`, `name_b64`, or null.
  [[nodiscard]] std::optional<Bytes> bytes(std::string_view name);
  /// `[[name,value]...]`: names and values are texts or `{"b64":...}`, a value may be null.
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

  /// Overwrites a text member in the document with zeros. For secrets, after they were read.
  void wipe(std::string_view name);

  /// This object as JSON text. All its members count as asked for.
  [[nodiscard]] std::string dump();
  /// Keeps Code::invalid_argument with `what` as the document's problem, unless it has one.
  void fail(const std::string& what);
  /// The document's first problem. A member of this object that was not asked for is one.
  [[nodiscard]] Result<void> finish();

 private:
  /// One object of a document, and which of its members were asked for.
  struct Object;
  explicit JsonReader(std::unique_ptr<Object> object);

  std::unique_ptr<Object> object_;  ///< never null but in a reader that was moved from
};

}  // namespace shoal::doors
