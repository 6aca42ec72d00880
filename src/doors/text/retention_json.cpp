#include "doors/text/retention_json.h"

#include "doors/text/json_reading.h"
#include "doors/text/json_writing.h"

namespace shoal::doors {

void write_mirror_options(const MirrorOptions& options, base::JsonWriter& json) { write_json(options, json); }
Result<MirrorOptions> read_mirror_options(JsonReader in) { return read_json<MirrorOptions>(std::move(in)); }

void write_retention(const Retention& retention, base::JsonWriter& json) { write_json(retention, json); }
Result<Retention> read_retention(JsonReader in) { return read_json<Retention>(std::move(in)); }

}  // namespace shoal::doors
