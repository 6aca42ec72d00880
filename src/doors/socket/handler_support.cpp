#include "doors/socket/handler_support.h"

#include "base/try.h"
#include "doors/text/retention_json.h"

#include <string.h>

namespace shoal::doors {
namespace {

constexpr std::chrono::milliseconds kProgressEvery{200};

}  // namespace

Result<node::FeedReference> feed_of(Call& call) { return call.reading.resolve(call.arguments.front()); }

Wait wait_of(Call& call) {
  const auto wait = call.query.integer("wait_ms", 0, kMaxMilliseconds);
  return Wait{std::chrono::milliseconds(wait.value_or(0)), call.stop};
}

Result<JsonReader> json_body(Call& call) {
  SHOAL_TRY(std::string body, call.request.whole_body(kMaxJsonBody));
  auto parsed = JsonReader::parse(body);
  // It may hold a passphrase.
  explicit_bzero(body.data(), body.size());
  return parsed;
}

node::Progress progress_lines(Call& call) {
  return [&call, last = std::chrono::steady_clock::now()](std::uint64_t done, std::uint64_t total) mutable {
    if (call.stop.stop_requested()) return false;
    const auto now = std::chrono::steady_clock::now();
    if (now - last < kProgressEvery) return true;
    last = now;
    const auto object = to_json(
        [&](base::JsonWriter& json) { json.begin_object().member("done", done).member("total", total).end_object(); });
    return call.answer.line("progress", object).ok();
  };
}

}  // namespace shoal::doors
