#include "doors/text/error_json.h"

#include "base/json_text.h"
#include "base/try.h"

namespace shoal::doors {

std::optional<Code> parse_code(std::string_view name) {
  for (int i = 0; i <= static_cast<int>(Code::contradiction); ++i) {
    if (code_name(static_cast<Code>(i)) == name) return static_cast<Code>(i);
  }
  return std::nullopt;
}

unsigned http_status(Code code) {
  switch (code) {
    case Code::invalid_argument:
    case Code::bad_key: return 400;
    case Code::not_found: return 404;
    case Code::already_exists:
    case Code::in_use:
    case Code::unsafe_to_sign:
    case Code::fork:
    case Code::contradiction: return 409;
    case Code::pruned: return 410;
    case Code::limit_exceeded: return 413;
    case Code::unsupported: return 501;
    case Code::closed:
    case Code::unavailable: return 503;
    case Code::timed_out: return 504;
    case Code::no_space: return 507;
    case Code::unverified:
    case Code::corrupt:
    case Code::cancelled:
    case Code::io:
    case Code::unknown_outcome: return 500;
  }
  return 500;
}

void append_error(const Error& error, std::string& out) {
  base::JsonWriter json(out);
  json.begin_object().member("code", code_name(error.code)).member("message", error.message);
  json.member("hint", error.hint).end_object();
}

std::string error_json(const Error& error) {
  std::string out = "{\"error\":";
  append_error(error, out);
  out.push_back('}');
  return out;
}

Result<void> read_error(JsonReader in, Error& error) {
  error.code = parse_code(in.text("code")).value_or(Code::unsupported);
  error.message = in.text("message");
  error.hint = in.optional_text("hint").value_or("");
  return in.finish();
}

}  // namespace shoal::doors
