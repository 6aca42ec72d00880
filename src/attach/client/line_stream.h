#pragma once

#include "doors/http/http_connection.h"
#include "doors/text/json_reader.h"

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace shoal::attach {

/// One line of a stream (docs/API.md, "Common rules").
struct StreamLine {
  std::string kind;        ///< the name of its only member, such as `record`
  doors::JsonReader json;  ///< the line

  /// The member's value, when that is an object.
  [[nodiscard]] doors::JsonReader object() { return json.object(kind); }
};

/// Takes a line apart. An `error` line is returned as that error; Code::unsupported for what is no line of a stream.
[[nodiscard]] Result<StreamLine> parse_stream_line(std::string_view line);

/// The lines of a streamed answer. Confined to one thread. An `error` line is returned as that error, a truncated
/// answer as Code::closed; every later call returns the same.
class LineStream {
 public:
  explicit LineStream(std::shared_ptr<doors::HttpConnection> connection) : connection_(std::move(connection)) {}

  /// The next line; Code::timed_out and Code::cancelled leave the stream as it was. It skips `idle` lines.
  [[nodiscard]] Result<StreamLine> next(const doors::Until& until);
  [[nodiscard]] doors::HttpConnection& connection() const { return *connection_; }

 private:
  [[nodiscard]] Result<StreamLine> fail(Error error);

  std::shared_ptr<doors::HttpConnection> connection_;
  std::string text_;
  std::size_t begin_ = 0;   ///< of the next line in text_
  std::size_t looked_ = 0;  ///< already searched for a line end up to here
  std::optional<Error> failure_;
};

}  // namespace shoal::attach
