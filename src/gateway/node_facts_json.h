#pragma once

#include "base/json_text.h"
#include "gateway/json_reader.h"
#include "node/node_api.h"

/// `GET /v1/node`: who answers, and which API it speaks.
namespace shoal::gateway {

/// The number in the paths of docs/API.md (`/v1/...`).
inline constexpr int kApiVersion = 1;

void write_node_facts(const node::NodeFacts& facts, base::JsonWriter& json);
/// Code::unsupported, naming both versions, for a node of another API.
[[nodiscard]] Result<node::NodeFacts> read_node_facts(JsonReader in);

}  // namespace shoal::gateway
