#pragma once

#include "base/json_text.h"
#include "doors/text/json_reader.h"
#include "node/api/node_api.h"

/// `GET /v1/node`: which node answers, and the version of its API.
namespace shoal::doors {

/// The number in the paths of docs/API.md (`/v1/...`).
inline constexpr int kApiVersion = 1;

void write_node_facts(const node::NodeFacts& facts, base::JsonWriter& json);
/// Code::unsupported for a node with another API version. The message has both versions.
[[nodiscard]] Result<node::NodeFacts> read_node_facts(JsonReader in);

}  // namespace shoal::doors
