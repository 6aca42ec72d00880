#pragma once

#include "base/json_text.h"
#include "doors/text/json_reader.h"
#include "doors/text/query.h"
#include "node/api/node_api.h"

/// Options of calls as query parameters, and options of own feeds as JSON (docs/API.md). A parameter or member that is
/// missing has the default of its structure. Code::invalid_argument names the first one that is wrong.
namespace shoal::doors {

void write_subscribe_query(const SubscribeOptions& options, QueryWriter& query);
[[nodiscard]] Result<SubscribeOptions> read_subscribe_query(QueryReader query);

void write_producer_query(const ProducerOptions& options, QueryWriter& query);
[[nodiscard]] Result<ProducerOptions> read_producer_query(QueryReader query);

void write_export_query(const node::ExportOptions& options, QueryWriter& query);
[[nodiscard]] Result<node::ExportOptions> read_export_query(QueryReader query);

/// The text contains the passphrase, if there is one: the caller wipes it after use.
void write_feed_options(const FeedOptions& options, base::JsonWriter& json);
[[nodiscard]] Result<FeedOptions> read_feed_options(JsonReader in);

void write_recover_options(const node::RecoverOptions& options, base::JsonWriter& json);
[[nodiscard]] Result<node::RecoverOptions> read_recover_options(JsonReader in);

}  // namespace shoal::doors
