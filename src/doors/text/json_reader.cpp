#include "doors/text/json_reader.h"

#include "base/bytes.h"
#include "base/json_text.h"

#include <nlohmann/json.hpp>

#include <string.h>

#include <algorithm>

namespace shoal::doors {
namespace {

using Json = nlohmann::json;

const Json& json_of(const void* value) { return *static_cast<const Json*>(value); }

/// What a reader of a missing object reads.
const Json& no_members() {
  static const Json kEmpty = Json::object();
  return kEmpty;
}

std::string in_quotes(std::string_view name) { return "'" + std::string(name) + "'"; }

Bytes copy(const std::string& text) { return {text.begin(), text.end()}; }

}  // namespace

struct JsonReader::Document {
  Json json;
  std::optional<Error> problem;
};

Result<JsonReader> JsonReader::parse(std::string_view text) {
  if (!base::is_bounded_json(text, kMaxDepth, kMaxValues)) {
    return Error{Code::limit_exceeded, "JSON that is nested too deeply or has too many values"};
  }
  auto document = std::make_shared<Document>();
  document->json = Json::parse(text.begin(), text.end(), nullptr, false);
  if (document->json.is_discarded()) return Error{Code::invalid_argument, "malformed JSON"};
  if (!document->json.is_object()) return Error{Code::invalid_argument, "not a JSON object"};
  const Json* root = &document->json;
  return JsonReader(std::move(document), root);
}

bool JsonReader::has(std::string_view name) const { return json_of(value_).contains(name); }

bool JsonReader::is_null(std::string_view name) const {
  const auto found = json_of(value_).find(name);
  return found == json_of(value_).end() || found->is_null();
}

std::vector<std::string> JsonReader::names() const {
  std::vector<std::string> names;
  for (const auto& [name, value] : json_of(value_).items()) names.push_back(name);
  return names;
}

const void* JsonReader::take(std::string_view name) {
  const auto found = json_of(value_).find(name);
  if (found == json_of(value_).end()) {
    fail("member " + in_quotes(name) + " is missing");
    return nullptr;
  }
  asked_.push_back(&*found);
  return &*found;
}

const void* JsonReader::take_optional(std::string_view name) {
  const auto found = json_of(value_).find(name);
  if (found == json_of(value_).end()) return nullptr;
  asked_.push_back(&*found);
  return found->is_null() ? nullptr : &*found;
}

std::string JsonReader::text(std::string_view name) {
  const void* value = take(name);
  return value == nullptr ? std::string() : to_text(value, name);
}

bool JsonReader::boolean(std::string_view name) {
  const void* value = take(name);
  if (value == nullptr) return false;
  if (!json_of(value).is_boolean()) {
    fail(in_quotes(name) + " is neither true nor false");
    return false;
  }
  return json_of(value).get<bool>();
}

std::int64_t JsonReader::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const void* value = take(name);
  return value == nullptr ? 0 : to_integer(value, name, min, max);
}

std::uint64_t JsonReader::size(std::string_view name) {
  const void* value = take(name);
  return value == nullptr ? 0 : to_size(value, name);
}

FeedId JsonReader::feed(std::string_view name) {
  const std::string digits = text(name);
  auto parsed = FeedId::parse(digits);
  if (!parsed) {
    fail(in_quotes(name) + " is no feed id");
    return {};
  }
  return *parsed;
}

std::vector<std::string> JsonReader::texts(std::string_view name) {
  std::vector<std::string> out;
  const void* value = take(name);
  if (value == nullptr) return out;
  if (!json_of(value).is_array()) {
    fail(in_quotes(name) + " is not an array");
    return out;
  }
  for (const Json& item : json_of(value)) out.push_back(to_text(&item, name));
  return out;
}

std::optional<Bytes> JsonReader::bytes(std::string_view name) {
  if (!has(name)) {
    const std::string base64_name = std::string(name) + "_b64";
    if (has(base64_name)) return from_base64(take(base64_name), base64_name);
  }
  // Both at once: the other one is a member that nobody asks for.
  const void* value = take(name);
  if (value == nullptr || json_of(value).is_null()) return std::nullopt;
  return copy(to_text(value, name));
}

std::vector<std::pair<std::string, std::optional<Bytes>>> JsonReader::headers(std::string_view name) {
  std::vector<std::pair<std::string, std::optional<Bytes>>> out;
  const void* value = take(name);
  if (value == nullptr) return out;
  if (!json_of(value).is_array()) {
    fail(in_quotes(name) + " is not an array");
    return out;
  }
  for (const Json& item : json_of(value)) {
    if (!item.is_array() || item.size() != 2) {
      fail(in_quotes(name) + " holds something that is not [name,value]");
      return out;
    }
    const Bytes header = to_bytes(&item[0], name);
    std::optional<Bytes> held;
    if (!item[1].is_null()) held = to_bytes(&item[1], name);
    out.emplace_back(std::string(header.begin(), header.end()), std::move(held));
  }
  return out;
}

JsonReader JsonReader::object(std::string_view name) {
  const void* value = take(name);
  if (value != nullptr && json_of(value).is_object()) return JsonReader(document_, value);
  fail(in_quotes(name) + " is not an object");
  return JsonReader(document_, &no_members());
}

std::vector<JsonReader> JsonReader::objects(std::string_view name) {
  std::vector<JsonReader> out;
  const void* value = take(name);
  if (value == nullptr) return out;
  if (!json_of(value).is_array()) fail(in_quotes(name) + " is not an array");
  for (const Json& item : json_of(value)) {
    if (!item.is_object()) {
      fail(in_quotes(name) + " holds something that is not an object");
      return out;
    }
    out.push_back(JsonReader(document_, &item));
  }
  return out;
}

std::optional<std::string> JsonReader::optional_text(std::string_view name) {
  const void* value = take_optional(name);
  if (value == nullptr) return std::nullopt;
  return to_text(value, name);
}

std::optional<std::int64_t> JsonReader::optional_integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const void* value = take_optional(name);
  if (value == nullptr) return std::nullopt;
  return to_integer(value, name, min, max);
}

std::optional<std::uint64_t> JsonReader::optional_size(std::string_view name) {
  const void* value = take_optional(name);
  if (value == nullptr) return std::nullopt;
  return to_size(value, name);
}

bool JsonReader::boolean_or(std::string_view name, bool otherwise) {
  if (!has(name)) return otherwise;
  return boolean(name);
}

std::optional<JsonReader> JsonReader::optional_object(std::string_view name) {
  const void* value = take_optional(name);
  if (value == nullptr) return std::nullopt;
  if (json_of(value).is_object()) return JsonReader(document_, value);
  fail(in_quotes(name) + " is not an object");
  return JsonReader(document_, &no_members());
}

void JsonReader::wipe(std::string_view name) {
  const auto found = json_of(value_).find(name);
  if (found == json_of(value_).end() || !found->is_string()) return;
  auto& text = const_cast<std::string&>(found->get_ref<const std::string&>());
  explicit_bzero(text.data(), text.size());
}

std::string JsonReader::dump() {
  for (const Json& member : json_of(value_)) asked_.push_back(&member);
  return json_of(value_).dump(-1, ' ', false, Json::error_handler_t::replace);
}

void JsonReader::fail(const std::string& what) {
  if (!document_->problem) document_->problem = Error{Code::invalid_argument, what};
}

Result<void> JsonReader::finish() {
  if (asked_.size() < json_of(value_).size()) {
    for (const auto& [name, member] : json_of(value_).items()) {
      if (std::find(asked_.begin(), asked_.end(), &member) == asked_.end()) fail("unknown member " + in_quotes(name));
    }
  }
  if (document_->problem) return *document_->problem;
  return {};
}

std::int64_t JsonReader::to_integer(const void* value, std::string_view name, std::int64_t min, std::int64_t max) {
  const Json& json = json_of(value);
  const bool beyond = json.is_number_unsigned() && json.get<std::uint64_t>() > std::uint64_t{INT64_MAX};
  if (!json.is_number_integer() || beyond) {
    fail(in_quotes(name) + " is not a whole number in range");
    return 0;
  }
  const auto number = json.get<std::int64_t>();
  if (number < min || number > max) {
    fail(in_quotes(name) + " is out of range");
    return 0;
  }
  return number;
}

std::uint64_t JsonReader::to_size(const void* value, std::string_view name) {
  if (json_of(value).is_number_unsigned()) return json_of(value).get<std::uint64_t>();
  fail(in_quotes(name) + " is not a whole number from 0");
  return 0;
}

std::string JsonReader::to_text(const void* value, std::string_view name) {
  if (json_of(value).is_string()) return json_of(value).get_ref<const std::string&>();
  fail(in_quotes(name) + " is not a text");
  return {};
}

Bytes JsonReader::to_bytes(const void* value, std::string_view name) {
  const Json& json = json_of(value);
  if (!json.is_object()) return copy(to_text(value, name));
  const auto held = json.find("b64");
  if (held != json.end() && json.size() == 1) return from_base64(&*held, name);
  fail(in_quotes(name) + " holds an object other than {\"b64\":...}");
  return {};
}

Bytes JsonReader::from_base64(const void* value, std::string_view name) {
  auto decoded = base::from_base64(to_text(value, name));
  if (decoded) return std::move(*decoded);
  fail(in_quotes(name) + " is not base64");
  return {};
}

}  // namespace shoal::doors
