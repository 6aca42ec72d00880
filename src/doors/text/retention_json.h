#pragma once

#include "base/json_text.h"
#include "doors/text/field_values.h"
#include "doors/text/json_reader.h"

#include <shoal/retention.h>

/// What is kept of a feed, as JSON. A member that is missing has the default of its structure.
namespace shoal::doors {

template <class Codec, Is<MirrorOptions> Self>
void fields(Codec& c, Self& options) {
  c.field_or_default("topics", options.topics);
  c.field_or_default("keep_ms", options.keep);
  c.field_or_default("max_bytes", options.max_bytes);
}

/// `keep_topics` is an object: `{"topic":ms...}`.
template <class Codec, Is<Retention> Self>
void fields(Codec& c, Self& retention) {
  c.field_or_default("keep_ms", retention.keep);
  c.field_or_default("max_bytes", retention.max_bytes);
  c.field_or_default("keep_topics", retention.keep_topics);
}

void write_mirror_options(const MirrorOptions& options, base::JsonWriter& json);
[[nodiscard]] Result<MirrorOptions> read_mirror_options(JsonReader in);

void write_retention(const Retention& retention, base::JsonWriter& json);
[[nodiscard]] Result<Retention> read_retention(JsonReader in);

}  // namespace shoal::doors
