#pragma once

#include <shoal/types.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::doors {

/// Percent-encodes all but the unreserved characters (RFC 3986, section 2.3).
[[nodiscard]] std::string percent_encode(std::string_view text);
/// Code::invalid_argument for a malformed escape. A plus sign is not a space.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text);

/// Writes `name=value&...`.
class QueryWriter {
 public:
  QueryWriter& add(std::string_view name, std::string_view value);
  QueryWriter& add(std::string_view name, std::int64_t value) { return add(name, std::to_string(value)); }
  /// Empty, or a question mark and the parameters.
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// Reads the parameters of a request. A caller asks for each parameter once, by name. The first problem is kept for
/// finish(); a parameter that was not asked for is one.
class QueryReader {
 public:
  static constexpr std::size_t kMaxParameters = 1024;

  /// `query` is the text after the question mark. Code::invalid_argument for a malformed escape, Code::limit_exceeded
  /// above kMaxParameters.
  [[nodiscard]] static Result<QueryReader> parse(std::string_view query);

  [[nodiscard]] std::optional<std::string> text(std::string_view name);
  [[nodiscard]] std::vector<std::string> texts(std::string_view name);
  [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name, std::int64_t min = 0,
                                                    std::int64_t max = INT64_MAX);
  /// 0 or 1.
  [[nodiscard]] std::optional<bool> boolean(std::string_view name);
  void fail(const std::string& what);
  [[nodiscard]] Result<void> finish();

 private:
  struct Parameter {
    std::string name;
    std::string value;
    bool asked = false;
  };
  std::vector<Parameter> parameters_;
  std::optional<Error> problem_;
};

/// A decimal number between the bounds, both included.
[[nodiscard]] std::optional<std::int64_t> parse_decimal(std::string_view text, std::int64_t min, std::int64_t max);

}  // namespace shoal::doors
