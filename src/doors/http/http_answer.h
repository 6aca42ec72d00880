#pragma once

#include "doors/http/socket_stream.h"

#include <shoal/error.h>
#include <shoal/result.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace shoal::doors {

/// The answer to one request: one JSON object, or a stream. One thread at a time. After a failed write, each further
/// write fails with Code::closed and sends nothing.
class Answer {
 public:
  Answer(SocketStream& stream, bool keep_alive, std::chrono::milliseconds patience)
      : stream_(stream), keep_alive_(keep_alive), patience_(patience) {}

  /// Sends status 200 and the object.
  [[nodiscard]] Result<void> json(std::string_view object) { return whole(200, object); }
  /// Before a stream has begun: sends the status and the object of the error. In a stream of lines or batches: sends
  /// the error as the last line. In a stream of bytes: sends no last chunk, so that the reader sees a truncated body.
  void fail(const Error& error);

  /// Lines are NDJSON; batches are frames (doors/text/batch_frame.h), of which some hold a line.
  enum class Content : std::uint8_t { lines, batches, bytes };
  /// Sends the head of a stream. Does nothing when it was sent before.
  [[nodiscard]] Result<void> begin_stream(Content content);
  [[nodiscard]] bool begun() const { return begun_; }
  /// Appends one line in the form of the stream that has begun.
  void append_line(std::string_view kind, std::string_view object, std::string& out) const;
  /// Sends a part of a stream. `text` is not empty: an empty chunk would end the stream.
  [[nodiscard]] Result<void> write(std::string_view text);
  /// Sends `{"KIND":OBJECT}` as one line. Begins a stream of lines if none has begun.
  [[nodiscard]] Result<void> line(std::string_view kind, std::string_view object);
  /// Ends the stream. `summary` is the trailer of a stream of bytes.
  [[nodiscard]] Result<void> end_stream(std::string_view summary = {});

  /// True when the connection can carry another request.
  [[nodiscard]] bool reusable() const { return keep_alive_ && ended_ && !broken_; }
  /// The connection carries no request after this one.
  void close_after() { keep_alive_ = false; }

 private:
  [[nodiscard]] Result<void> whole(unsigned status, std::string_view object);
  [[nodiscard]] Result<void> send(std::string_view text);
  /// A line without its LF.
  void put_line(std::string_view line, std::string& out) const;

  SocketStream& stream_;
  bool keep_alive_;
  const std::chrono::milliseconds patience_;
  Content content_ = Content::lines;
  bool begun_ = false;
  bool ended_ = false;
  bool broken_ = false;
};

}  // namespace shoal::doors
