#include "doors/text/retention_json.h"

#include "base/try.h"

namespace shoal::doors {

using std::chrono::milliseconds;

void write_mirror_options(const MirrorOptions& options, base::JsonWriter& json) {
  json.begin_object().key("topics").begin_array();
  for (const std::string& topic : options.topics) json.value(topic);
  json.end_array().member("keep_ms", options.keep.count()).member("max_bytes", options.max_bytes).end_object();
}

Result<MirrorOptions> read_mirror_options(JsonReader in) {
  MirrorOptions options;
  if (in.has("topics")) options.topics = in.texts("topics");
  options.keep = milliseconds(in.optional_integer("keep_ms", 0, kMaxMilliseconds).value_or(0));
  options.max_bytes = in.optional_size("max_bytes").value_or(0);
  SHOAL_CHECK(in.finish());
  return options;
}

void write_retention(const Retention& retention, base::JsonWriter& json) {
  json.begin_object().member("keep_ms", retention.keep.count()).member("max_bytes", retention.max_bytes);
  json.key("keep_topics").begin_object();
  for (const auto& [topic, keep] : retention.keep_topics) json.member(topic, keep.count());
  json.end_object().end_object();
}

Result<Retention> read_retention(JsonReader in) {
  Retention retention;
  retention.keep = milliseconds(in.optional_integer("keep_ms", 0, kMaxMilliseconds).value_or(0));
  retention.max_bytes = in.optional_size("max_bytes").value_or(0);
  if (auto topics = in.optional_object("keep_topics")) {
    for (const std::string& topic : topics->names()) {
      retention.keep_topics[topic] = milliseconds(topics->integer(topic, 0, kMaxMilliseconds));
    }
    SHOAL_CHECK(topics->finish());
  }
  SHOAL_CHECK(in.finish());
  return retention;
}

}  // namespace shoal::doors
