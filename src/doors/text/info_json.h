#pragma once

#include "base/json_text.h"
#include "doors/text/json_reader.h"
#include "node/api/node_api.h"

#include <vector>

/// What a node knows, as JSON: the answers of docs/API.md and the output of `--json`. Each write_ appends one value.
/// Each read_ reads such an object: Code::invalid_argument names the first member that is missing, unknown or out of
/// bounds.
namespace shoal::doors {

void write_feed_info(const FeedInfo& info, base::JsonWriter& json);
[[nodiscard]] Result<FeedInfo> read_feed_info(JsonReader in);
/// The array that write_feed_info() writes as `topics`.
void write_topics(const std::vector<TopicInfo>& topics, base::JsonWriter& json);

void write_peer_info(const PeerInfo& peer, base::JsonWriter& json);
[[nodiscard]] Result<PeerInfo> read_peer_info(JsonReader in);

void write_feed_summary(const FeedSummary& summary, base::JsonWriter& json);
[[nodiscard]] Result<FeedSummary> read_feed_summary(JsonReader in);

/// Arrays, `[...]`.
void write_peers(const std::vector<PeerInfo>& peers, base::JsonWriter& json);
[[nodiscard]] Result<std::vector<PeerInfo>> read_peers(std::vector<JsonReader> in);
void write_feeds(const std::vector<FeedSummary>& feeds, base::JsonWriter& json);
[[nodiscard]] Result<std::vector<FeedSummary>> read_feeds(std::vector<JsonReader> in);

void write_reference(const node::FeedReference& reference, base::JsonWriter& json);
[[nodiscard]] Result<node::FeedReference> read_reference(JsonReader in);

void write_opened_feed(const node::OpenedFeed& opened, base::JsonWriter& json);
[[nodiscard]] Result<node::OpenedFeed> read_opened_feed(JsonReader in);

void write_recovered_feed(const node::RecoveredFeed& recovered, base::JsonWriter& json);
[[nodiscard]] Result<node::RecoveredFeed> read_recovered_feed(JsonReader in);

}  // namespace shoal::doors
