#pragma once

#include "base/json_text.h"
#include "doors/socket/call.h"
#include "doors/text/json_reader.h"
#include "node/api/bundle_transfer.h"

#include <string>

/// Helpers of the handlers.
namespace shoal::doors {

/// The feed that the first `{}` of the route names.
[[nodiscard]] Result<node::FeedReference> feed_of(Call& call);
/// The parameter `wait_ms`, with the stop of the call.
[[nodiscard]] Wait wait_of(Call& call);
/// The body, which is one JSON object. Code::limit_exceeded above kMaxJsonBody.
[[nodiscard]] Result<JsonReader> json_body(Call& call);
/// A progress callback that answers a line `{"progress":{"done","total"}}` at most every 200 ms, and asks to stop when
/// the call is stopped. `call` outlives it.
[[nodiscard]] node::Progress progress_lines(Call& call);

/// The JSON text that `write` writes.
template <typename Write>
std::string to_json(Write&& write) {
  std::string out;
  base::JsonWriter json(out);
  write(json);
  return out;
}

}  // namespace shoal::doors
