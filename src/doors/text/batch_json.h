#pragma once

#include "base/json_text.h"
#include "doors/text/json_reader.h"
#include "node/api/batch_api.h"

#include <shoal/records.h>

#include <optional>
#include <vector>

/// Ends of partitions and positions of readers, as JSON (docs/API.md). Each write_ appends one value, each read_ takes
/// it back.
namespace shoal::doors {

void write_stream_ends(const node::StreamEnds& ends, base::JsonWriter& json);
[[nodiscard]] Result<node::StreamEnds> read_stream_ends(JsonReader in);

void write_named_cursor(const node::NamedCursor& cursor, base::JsonWriter& json);
[[nodiscard]] Result<node::NamedCursor> read_named_cursor(JsonReader in);

/// `{"found":{...}}`, or null.
void write_found_offset(const std::optional<node::TimedOffset>& found, base::JsonWriter& json);
[[nodiscard]] Result<std::optional<node::TimedOffset>> read_found_offset(JsonReader in);

/// `{"offsets":[...]}`
void write_group_offsets(const std::vector<node::GroupOffset>& offsets, base::JsonWriter& json);
/// Of a client an offset has no time, which the node gives.
[[nodiscard]] Result<std::vector<node::GroupOffset>> read_group_offsets(JsonReader in);

/// Where a shared producer's records are.
struct PlacedRun {
  Position first;
  Offset last{0};
};
void write_placed_run(const PlacedRun& run, base::JsonWriter& json);
[[nodiscard]] Result<PlacedRun> read_placed_run(JsonReader in);

}  // namespace shoal::doors
