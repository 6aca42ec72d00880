#include "attach/client/line_stream.h"

#include "base/try.h"
#include "doors/text/error_json.h"

namespace shoal::attach {
namespace {

/// A record at its limits in base64, with room for its headers.
constexpr std::size_t kMaxLine = std::size_t{64} << 20;

}  // namespace

Result<StreamLine> parse_stream_line(std::string_view line) {
  auto json = doors::JsonReader::parse(line);
  if (!json.ok()) return Error{Code::unsupported, "a line of the node's answer is no JSON", json.error().message};
  const auto names = json->names();
  if (names.size() != 1) return Error{Code::unsupported, "a line of the node's answer says nothing known", ""};
  if (names.front() != "error") return StreamLine{names.front(), std::move(*json)};
  Error error;
  SHOAL_CHECK(doors::read_error(json->object("error"), error));
  return error;
}

Result<StreamLine> LineStream::fail(Error error) {
  failure_ = std::move(error);
  return *failure_;
}

Result<StreamLine> LineStream::next(const doors::Until& until) {
  if (failure_) return *failure_;
  for (;;) {
    const std::size_t end = text_.find('\n', std::max(begin_, looked_));
    if (end != std::string::npos) {
      auto line = parse_stream_line(std::string_view(text_).substr(begin_, end - begin_));
      begin_ = end + 1;
      looked_ = begin_;
      if (!line.ok()) return fail(std::move(line).error());
      if (line->kind != "idle") return line;
      continue;
    }
    text_.erase(0, begin_);
    begin_ = 0;
    looked_ = text_.size();
    if (text_.size() > kMaxLine) return fail({Code::unsupported, "a line of the node's answer is too long", ""});
    const auto more = connection_->read_body(text_, until);
    if (!more.ok()) {
      const Code code = more.error().code;
      if (code == Code::timed_out || code == Code::cancelled) return more.error();
      return fail(more.error());
    }
    if (!*more) return fail(doors::connection_lost());
  }
}

}  // namespace shoal::attach
