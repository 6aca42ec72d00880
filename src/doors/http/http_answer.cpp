#include "doors/http/http_answer.h"

#include "base/try.h"
#include "doors/text/batch_frame.h"
#include "doors/text/error_json.h"

#include <charconv>

namespace shoal::doors {
namespace {

constexpr std::size_t kCopied = std::size_t{16} << 10;

std::string_view reason(unsigned status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 404: return "Not Found";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 413: return "Content Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 507: return "Insufficient Storage";
    default: return "Internal Server Error";
  }
}

std::string_view content_type(Answer::Content content) {
  switch (content) {
    case Answer::Content::lines: return "application/x-ndjson";
    case Answer::Content::batches: return kBatchesType;
    case Answer::Content::bytes: break;
  }
  return "application/octet-stream\r\nTrailer: Shoal-Summary";
}

}  // namespace

Result<void> Answer::whole(unsigned status, std::string_view object) {
  std::string text = "HTTP/1.1 " + std::to_string(status) + " ";
  text.append(reason(status)).append("\r\nContent-Type: application/json\r\nContent-Length: ");
  text.append(std::to_string(object.size() + 1)).append("\r\n");
  if (!keep_alive_) text.append("Connection: close\r\n");
  text.append("\r\n").append(object).push_back('\n');
  begun_ = true;
  SHOAL_CHECK(send(text));
  ended_ = true;
  return {};
}

void Answer::fail(const Error& error) {
  if (ended_ || broken_) return;
  if (!begun_) {
    std::ignore = whole(http_status(error.code), error_json(error));
  } else if (content_ != Content::bytes) {
    std::string text;
    put_line(error_json(error), text);
    if (write(text).ok()) std::ignore = end_stream();
  } else {
    // No last chunk: the reader sees that the body is truncated.
    broken_ = true;
  }
}

Result<void> Answer::begin_stream(Content content) {
  if (begun_) return {};
  begun_ = true;
  content_ = content;
  std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: ";
  head.append(content_type(content));
  head.append("\r\n");
  if (!keep_alive_) head.append("Connection: close\r\n");
  return send(head.append("\r\n"));
}

Result<void> Answer::write(std::string_view text) {
  char size[20];
  const auto digits = std::to_chars(size, size + sizeof size, text.size(), 16);
  std::string chunk(size, digits.ptr);
  chunk.append("\r\n");
  // A short text goes out in one system call. A long one is not copied a second time.
  if (text.size() <= kCopied) return send(chunk.append(text).append("\r\n"));
  SHOAL_CHECK(send(chunk));
  SHOAL_CHECK(send(text));
  return send("\r\n");
}

void Answer::put_line(std::string_view line, std::string& out) const {
  if (content_ == Content::batches) return append_line_frame(line, out);
  out.append(line).push_back('\n');
}

void Answer::append_line(std::string_view kind, std::string_view object, std::string& out) const {
  std::string line = "{\"";
  put_line(line.append(kind).append("\":").append(object).append("}"), out);
}

Result<void> Answer::line(std::string_view kind, std::string_view object) {
  if (!begun_) SHOAL_CHECK(begin_stream(Content::lines));
  std::string text;
  append_line(kind, object, text);
  return write(text);
}

Result<void> Answer::end_stream(std::string_view summary) {
  std::string end = "0\r\n";
  if (!summary.empty()) end.append("Shoal-Summary: ").append(summary).append("\r\n");
  SHOAL_CHECK(send(end.append("\r\n")));
  ended_ = true;
  return {};
}

Result<void> Answer::send(std::string_view text) {
  if (broken_) return Error{Code::closed, "the other end of the connection is gone", ""};
  const auto sent = stream_.write_all(text, patience_);
  broken_ = !sent.ok();
  // Wakes the thread that may be reading the body of the request.
  if (broken_) stream_.shut_down();
  return sent;
}

}  // namespace shoal::doors
