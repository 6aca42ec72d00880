#pragma once

#include "base/json_text.h"
#include "doors/socket/call.h"
#include "doors/text/json_reader.h"
#include "node/api/bundle_transfer.h"

#include <string>

/// What the handlers share.
namespace shoal::doors {

/// The feed that the route's first braces name.
[[nodiscard]] Result<node::FeedReference> feed_of(Call& call);
/// The parameter `wait_ms`, and the call's stop.
[[nodiscard]] Wait wait_of(Call& call);
/// The body, which is one JSON object. Code::limit_exceeded above kMaxJsonBody.
[[nodiscard]] Result<JsonReader> json_body(Call& call);
/// A progress callback that answers `{"progress":{"done","total"}}` now and then, and stops with the call. It ends the
/// answer's turn before it is gone.
[[nodiscard]] node::Progress progress_lines(Call& call);

/// What `write` appends.
template <typename Write>
std::string to_json(Write&& write) {
  std::string out;
  base::JsonWriter json(out);
  write(json);
  return out;
}

}  // namespace shoal::doors
