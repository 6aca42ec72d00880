#pragma once

#include "base/json_text.h"
#include "doors/text/json_reader.h"

#include <shoal/retention.h>

#include <cstdint>

/// What is kept of a feed, as JSON. What is left out has the default of its structure.
namespace shoal::doors {

/// No time span of an option is longer: sums with the clock stay far from overflow.
inline constexpr std::int64_t kMaxMilliseconds = std::int64_t{100} * 365 * 24 * 3600 * 1000;

/// `{"topics":[],"keep_ms":0,"max_bytes":0}`
void write_mirror_options(const MirrorOptions& options, base::JsonWriter& json);
[[nodiscard]] Result<MirrorOptions> read_mirror_options(JsonReader in);

/// `{"keep_ms":0,"max_bytes":0,"keep_topics":{"name":ms}}`
void write_retention(const Retention& retention, base::JsonWriter& json);
[[nodiscard]] Result<Retention> read_retention(JsonReader in);

}  // namespace shoal::doors
