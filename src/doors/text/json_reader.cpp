#include "doors/text/json_reader.h"

#include "base/bytes.h"
#include "base/json_text.h"

#include <nlohmann/json.hpp>

#include <string.h>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

// A reader collects problems instead of returning them, so that code which reads ten members needs one check and not
// ten. The price: a caller must call finish(), and until then it works with empty values. Depth and number of values
// are counted before the library builds a tree, because a tree of 2^19 values already costs tens of megabytes and
// recursion on a million brackets would overflow the stack. finish() finds unknown members by the addresses of those
// that were asked for, which a document keeps for its whole life.
namespace shoal::doors {
namespace {

using Json = nlohmann::json;

std::string in_quotes(std::string_view name) { return "'" + std::string(name) + "'"; }

Bytes copy(const std::string& text) { return {text.begin(), text.end()}; }

struct Document {
  Json json;
  Json no_members = Json::object();  ///< what a reader of a missing object reads
  std::optional<Error> problem;
};

}  // namespace

struct JsonReader::Object {
  std::shared_ptr<Document> document;
  Json* value;                          ///< an object of the document
  std::vector<const Json*> asked = {};  ///< values of the members that were asked for

  [[nodiscard]] JsonReader inner(Json* object) const {
    return JsonReader(std::unique_ptr<Object>(new Object{document, object}));
  }
  void fail(const std::string& what) const {
    if (!document->problem) document->problem = Error{Code::invalid_argument, what};
  }
  /// The member, counted as asked for; null when it is missing.
  Json* find(std::string_view name) {
    const auto found = value->find(name);
    if (found == value->end()) return nullptr;
    asked.push_back(&*found);
    return &*found;
  }
  /// The same; a missing member is a problem.
  Json* take(std::string_view name) {
    Json* found = find(name);
    if (found == nullptr) fail("member " + in_quotes(name) + " is missing");
    return found;
  }
  /// The same; null without a problem when it is missing or null.
  Json* take_optional(std::string_view name) {
    Json* found = find(name);
    return found == nullptr || found->is_null() ? nullptr : found;
  }
  /// The same; null when it is missing or no array, which is a problem.
  Json* take_array(std::string_view name) {
    Json* found = take(name);
    if (found == nullptr || found->is_array()) return found;
    fail(in_quotes(name) + " is not an array");
    return nullptr;
  }

  [[nodiscard]] std::int64_t to_integer(const Json& json, std::string_view name, std::int64_t min,
                                        std::int64_t max) const {
    const bool beyond = json.is_number_unsigned() && json.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
    if (!json.is_number_integer() || beyond) {
      fail(in_quotes(name) + " is not a whole number in range");
      return 0;
    }
    const auto number = json.get<std::int64_t>();
    if (number >= min && number <= max) return number;
    fail(in_quotes(name) + " is out of range");
    return 0;
  }
  [[nodiscard]] std::uint64_t to_size(const Json& json, std::string_view name) const {
    if (json.is_number_unsigned()) return json.get<std::uint64_t>();
    fail(in_quotes(name) + " is not a whole number from 0");
    return 0;
  }
  [[nodiscard]] std::string to_text(const Json& json, std::string_view name) const {
    if (json.is_string()) return json.get_ref<const std::string&>();
    fail(in_quotes(name) + " is not a text");
    return {};
  }
  [[nodiscard]] JsonReader to_object(Json* json, std::string_view name) const {
    if (json->is_object()) return inner(json);
    fail(in_quotes(name) + " is not an object");
    return inner(&document->no_members);
  }
  [[nodiscard]] Bytes from_base64(const Json& json, std::string_view name) const {
    auto decoded = base::from_base64(to_text(json, name));
    if (decoded) return std::move(*decoded);
    fail(in_quotes(name) + " is not base64");
    return {};
  }
  /// A text, or an object with the one member `b64`.
  [[nodiscard]] Bytes to_bytes(const Json& json, std::string_view name) const {
    if (!json.is_object()) return copy(to_text(json, name));
    const auto held = json.find("b64");
    if (held != json.end() && json.size() == 1) return from_base64(*held, name);
    fail(in_quotes(name) + " holds an object other than {\"b64\":...}");
    return {};
  }
};

JsonReader::JsonReader(std::unique_ptr<Object> object) : object_(std::move(object)) {}
JsonReader::JsonReader(const JsonReader& other) : object_(std::make_unique<Object>(*other.object_)) {}
JsonReader& JsonReader::operator=(const JsonReader& other) { return *this = JsonReader(other); }
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader& JsonReader::operator=(JsonReader&&) noexcept = default;
JsonReader::~JsonReader() = default;

Result<JsonReader> JsonReader::parse(std::string_view text) {
  if (!base::is_bounded_json(text, kMaxDepth, kMaxValues)) {
    return Error{Code::limit_exceeded, "JSON that is nested too deeply or has too many values"};
  }
  auto document = std::make_shared<Document>();
  document->json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (document->json.is_discarded()) return Error{Code::invalid_argument, "malformed JSON"};
  if (!document->json.is_object()) return Error{Code::invalid_argument, "not a JSON object"};
  Json* root = &document->json;
  return JsonReader(std::unique_ptr<Object>(new Object{std::move(document), root}));
}

bool JsonReader::has(std::string_view name) const { return object_->value->contains(name); }

bool JsonReader::has_bytes(std::string_view name) const { return has(name) || has(std::string(name) + "_b64"); }

bool JsonReader::is_null(std::string_view name) const {
  const auto found = object_->value->find(name);
  return found == object_->value->end() || found->is_null();
}

std::vector<std::string> JsonReader::names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : object_->value->items()) names.push_back(name);
  return names;
}

std::string JsonReader::text(std::string_view name) {
  const Json* value = object_->take(name);
  return value == nullptr ? std::string() : object_->to_text(*value, name);
}

bool JsonReader::boolean(std::string_view name) {
  const Json* value = object_->take(name);
  if (value == nullptr) return false;
  if (value->is_boolean()) return value->get<bool>();
  fail(in_quotes(name) + " is neither true nor false");
  return false;
}

std::int64_t JsonReader::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const Json* value = object_->take(name);
  return value == nullptr ? 0 : object_->to_integer(*value, name, min, max);
}

std::uint64_t JsonReader::size(std::string_view name) {
  const Json* value = object_->take(name);
  return value == nullptr ? 0 : object_->to_size(*value, name);
}

FeedId JsonReader::feed(std::string_view name) {
  const std::string digits = text(name);
  auto parsed = FeedId::parse(digits);
  if (parsed) return *parsed;
  fail(in_quotes(name) + " is no feed id");
  return {};
}

std::vector<std::string> JsonReader::texts(std::string_view name) {
  std::vector<std::string> out;
  const Json* value = object_->take_array(name);
  if (value == nullptr) return out;
  for (const Json& item : *value) out.push_back(object_->to_text(item, name));
  return out;
}

std::optional<Bytes> JsonReader::bytes(std::string_view name) {
  if (!has(name)) {
    const std::string base64_name = std::string(name) + "_b64";
    if (has(base64_name)) return object_->from_base64(*object_->take(base64_name), base64_name);
  }
  // Both at once: the other one is a member that nobody asks for.
  const Json* value = object_->take(name);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return copy(object_->to_text(*value, name));
}

std::vector<std::pair<std::string, std::optional<Bytes>>> JsonReader::headers(std::string_view name) {
  std::vector<std::pair<std::string, std::optional<Bytes>>> out;
  const Json* value = object_->take_array(name);
  if (value == nullptr) return out;
  for (const Json& item : *value) {
    if (!item.is_array() || item.size() != 2) {
      fail(in_quotes(name) + " holds something that is not [name,value]");
      return out;
    }
    const Bytes header = object_->to_bytes(item[0], name);
    std::optional<Bytes> held;
    if (!item[1].is_null()) held = object_->to_bytes(item[1], name);
    out.emplace_back(std::string(header.begin(), header.end()), std::move(held));
  }
  return out;
}

JsonReader JsonReader::object(std::string_view name) {
  Json* value = object_->take(name);
  return value == nullptr ? object_->inner(&object_->document->no_members) : object_->to_object(value, name);
}

std::vector<JsonReader> JsonReader::objects(std::string_view name) {
  std::vector<JsonReader> out;
  Json* value = object_->take_array(name);
  if (value == nullptr) return out;
  for (Json& item : *value) {
    if (!item.is_object()) {
      fail(in_quotes(name) + " holds something that is not an object");
      return out;
    }
    out.push_back(object_->inner(&item));
  }
  return out;
}

std::optional<std::string> JsonReader::optional_text(std::string_view name) {
  const Json* value = object_->take_optional(name);
  if (value == nullptr) return std::nullopt;
  return object_->to_text(*value, name);
}

std::optional<std::int64_t> JsonReader::optional_integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const Json* value = object_->take_optional(name);
  if (value == nullptr) return std::nullopt;
  return object_->to_integer(*value, name, min, max);
}

std::optional<std::uint64_t> JsonReader::optional_size(std::string_view name) {
  const Json* value = object_->take_optional(name);
  if (value == nullptr) return std::nullopt;
  return object_->to_size(*value, name);
}

bool JsonReader::boolean_or(std::string_view name, bool otherwise) {
  if (!has(name)) return otherwise;
  return boolean(name);
}

std::optional<JsonReader> JsonReader::optional_object(std::string_view name) {
  Json* value = object_->take_optional(name);
  if (value == nullptr) return std::nullopt;
  return object_->to_object(value, name);
}

void JsonReader::wipe(std::string_view name) {
  const auto found = object_->value->find(name);
  if (found == object_->value->end() || !found->is_string()) return;
  auto& text = found->get_ref<std::string&>();
  explicit_bzero(text.data(), text.size());
}

std::string JsonReader::dump() {
  for (const Json& member : *object_->value) object_->asked.push_back(&member);
  return object_->value->dump(-1, ' ', false, Json::error_handler_t::replace);
}

void JsonReader::fail(const std::string& what) { object_->fail(what); }

Result<void> JsonReader::finish() {
  const auto& asked = object_->asked;
  if (asked.size() < object_->value->size()) {
    for (const auto& [name, member] : object_->value->items()) {
      if (std::find(asked.begin(), asked.end(), &member) == asked.end()) fail("unknown member " + in_quotes(name));
    }
  }
  if (object_->document->problem) return *object_->document->problem;
  return {};
}

}  // namespace shoal::doors
