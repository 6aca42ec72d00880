#pragma once

#include "doors/http/socket_stream.h"

#include <shoal/error.h>
#include <shoal/result.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace shoal::doors {

/// Answers one request: one JSON object, or a stream. One thread at a time. After a write failed, the others do nothing
/// and fail likewise.
class Answer {
 public:
  Answer(SocketStream& stream, bool keep_alive, std::chrono::milliseconds patience)
      : stream_(stream), keep_alive_(keep_alive), patience_(patience) {}

  /// 200 and the object.
  [[nodiscard]] Result<void> json(std::string_view object) { return whole(200, object); }
  /// The error's status and object; in a stream of lines the last line, in any other stream the end before its end.
  void fail(const Error& error);

  enum class Content : std::uint8_t { lines, bytes };
  /// The head of a stream. Does nothing the second time.
  [[nodiscard]] Result<void> begin_stream(Content content);
  [[nodiscard]] bool begun() const { return begun_; }
  /// Part of a stream; `text` is not empty.
  [[nodiscard]] Result<void> write(std::string_view text);
  /// `{"KIND":OBJECT}` and LF as part of a stream of lines, which begins with it if need be.
  [[nodiscard]] Result<void> line(std::string_view kind, std::string_view object);
  /// The stream's end; `summary` is the trailer of bytes.
  [[nodiscard]] Result<void> end_stream(std::string_view summary = {});

  /// The connection may carry another request.
  [[nodiscard]] bool reusable() const { return keep_alive_ && ended_ && !broken_; }
  /// No further request after this one.
  void close_after() { keep_alive_ = false; }

 private:
  [[nodiscard]] Result<void> whole(unsigned status, std::string_view object);
  [[nodiscard]] Result<void> send(std::string_view text);

  SocketStream& stream_;
  bool keep_alive_;
  const std::chrono::milliseconds patience_;
  Content content_ = Content::lines;
  bool begun_ = false;
  bool ended_ = false;
  bool broken_ = false;
};

}  // namespace shoal::doors
