#include "doors/text/node_facts_json.h"

#include "base/try.h"
#include "doors/text/json_reading.h"
#include "doors/text/json_writing.h"

namespace shoal::doors {
namespace {

/// Facts, and the API that their node speaks.
template <class Codec, class Facts, class Api>
void facts_fields(Codec& c, Facts& facts, Api& api) {
  c.field("version", facts.version);
  c.field("api", bounded(api, 0));
  c.field("pid", bounded(facts.pid, 0));
  c.field("data_dir", facts.data_dir);
  c.field("listening", facts.listening);
  c.field("node_key", facts.node_key);
}

}  // namespace

void write_node_facts(const node::NodeFacts& facts, base::JsonWriter& json) {
  json.begin_object();
  JsonWriting codec(json);
  facts_fields(codec, facts, kApiVersion);
  json.end_object();
}

Result<node::NodeFacts> read_node_facts(JsonReader in) {
  node::NodeFacts facts;
  std::int64_t api = 0;
  JsonReading codec(in);
  facts_fields(codec, facts, api);
  // Another API may have other members: its number goes before what finish() says of them.
  if (api != kApiVersion && api != 0) {
    return Error{Code::unsupported,
                 "the node (version " + facts.version + ", process " + std::to_string(facts.pid) + ") speaks API " +
                     std::to_string(api) + ", this program API " + std::to_string(kApiVersion),
                 "stop that node, or use a program of its version"};
  }
  SHOAL_CHECK(in.finish());
  return facts;
}

}  // namespace shoal::doors
