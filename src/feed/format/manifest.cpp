#include "feed/format/manifest.h"

#include "base/bytes.h"
#include "base/json_text.h"
#include "base/try.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <set>

// docs/FORMAT.md, "Manifest".
namespace shoal::feed {
namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;  // for writing only: its look-ups are linear

/// The manifest itself needs three levels; the rest is for members of later versions.
constexpr std::size_t kMaxDepth = 16;
constexpr std::size_t kSuccessorDigits = 64;

Error bad(std::string_view what) { return Error{Code::unverified, "manifest: " + std::string(what)}; }

Result<std::string> text_member(const Json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return std::string{};
  if (!found->is_string()) return bad(std::string(name) + " is not a string");
  return found->get<std::string>();
}

Result<ManifestTopic> parse_topic(const Json& object) {
  if (!object.is_object()) return bad("a topic is not an object");
  ManifestTopic topic;
  SHOAL_TRY(topic.name, text_member(object, "name"));
  if (!is_legal_topic(topic.name)) return bad("illegal topic name");
  if (const auto found = object.find("partitions"); found != object.end()) {
    if (!found->is_number_unsigned()) return bad("partitions is not a whole number");
    const auto count = found->get<std::uint64_t>();
    if (count == 0 || count > kMaxTopicPartitions) return bad("partitions out of range");
    topic.partitions = static_cast<std::uint32_t>(count);
  }
  SHOAL_TRY(topic.content_type, text_member(object, "content_type"));
  SHOAL_TRY(topic.schema_id, text_member(object, "schema_id"));
  return topic;
}

Result<std::vector<ManifestTopic>> parse_topics(const Json& object) {
  std::vector<ManifestTopic> out;
  const auto found = object.find("topics");
  if (found == object.end()) return out;
  if (!found->is_array()) return bad("topics is not an array");
  std::set<std::string> names;
  std::uint64_t partitions = 0;
  for (const Json& item : *found) {
    SHOAL_TRY(ManifestTopic topic, parse_topic(item));
    if (!names.insert(topic.name).second) return bad("a topic is named twice");
    partitions += topic.partitions;
    if (partitions > kMaxTopicPartitions) return bad("too many topic partitions");
    out.push_back(std::move(topic));
  }
  return out;
}

bool is_lower_hex(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

void put(OrderedJson& object, const char* name, const std::string& value) {
  if (!value.empty()) object[name] = value;
}

}  // namespace

std::string encode_manifest(const Manifest& manifest) {
  OrderedJson json = OrderedJson::object();
  put(json, "title", manifest.title);
  put(json, "description", manifest.description);
  put(json, "licence", manifest.licence);
  put(json, "contact", manifest.contact);
  put(json, "home_page", manifest.home_page);
  put(json, "successor", manifest.successor);
  for (const ManifestTopic& topic : manifest.topics) {
    OrderedJson item = OrderedJson::object();
    item["name"] = topic.name;
    item["partitions"] = topic.partitions;
    put(item, "content_type", topic.content_type);
    put(item, "schema_id", topic.schema_id);
    json["topics"].push_back(std::move(item));
  }
  // JSON is UTF-8: what is not becomes U+FFFD instead of an exception.
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

Result<Manifest> decode_manifest(ByteView bytes) {
  if (bytes.size() > kMaxManifestSize) return bad("above the limit");
  const std::string_view text = base::as_text(bytes);
  if (!base::is_utf8(bytes) || text.starts_with("\xEF\xBB\xBF")) return bad("not plain UTF-8");
  if (!base::is_bounded_json(text, kMaxDepth, kMaxManifestSize)) return bad("nested too deeply");
  const Json json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (!json.is_object()) return bad("not a JSON object");
  Manifest out;
  SHOAL_TRY(out.title, text_member(json, "title"));
  SHOAL_TRY(out.description, text_member(json, "description"));
  SHOAL_TRY(out.licence, text_member(json, "licence"));
  SHOAL_TRY(out.contact, text_member(json, "contact"));
  SHOAL_TRY(out.home_page, text_member(json, "home_page"));
  SHOAL_TRY(out.successor, text_member(json, "successor"));
  if (!out.successor.empty() && (out.successor.size() != kSuccessorDigits || !is_lower_hex(out.successor))) {
    return bad("successor is not a hash");
  }
  SHOAL_TRY(out.topics, parse_topics(json));
  return out;
}

}  // namespace shoal::feed
