#include "doors/text/node_facts_json.h"

#include "base/try.h"

namespace shoal::doors {

void write_node_facts(const node::NodeFacts& facts, base::JsonWriter& json) {
  json.begin_object()
      .member("version", facts.version)
      .member("api", kApiVersion)
      .member("pid", facts.pid)
      .member("data_dir", facts.data_dir.string())
      .member("listening", facts.listening)
      .member("node_key", facts.node_key)
      .end_object();
}

Result<node::NodeFacts> read_node_facts(JsonReader in) {
  node::NodeFacts facts;
  facts.version = in.text("version");
  const std::int64_t api = in.integer("api");
  facts.pid = in.integer("pid");
  // Another API may have other members: its number goes before what finish() says of them.
  if (api != kApiVersion && api != 0) {
    return Error{Code::unsupported,
                 "the node (version " + facts.version + ", process " + std::to_string(facts.pid) + ") speaks API " +
                     std::to_string(api) + ", this program API " + std::to_string(kApiVersion),
                 "stop that node, or use a program of its version"};
  }
  facts.data_dir = in.text("data_dir");
  facts.listening = in.text("listening");
  facts.node_key = in.text("node_key");
  SHOAL_CHECK(in.finish());
  return facts;
}

}  // namespace shoal::doors
