#include "selector.h"

#include "base/bytes.h"
#include "base/try.h"
#include "text/csv_field.h"
#include "text/units.h"

namespace shoal::command {
namespace {

std::string pointer_text(const JsonPointer& pointer) {
  std::string text;
  for (const std::string& token : pointer) {
    text.push_back('/');
    for (const char c : token) text += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
  }
  return text;
}

}  // namespace

Result<Selector> parse_selector(std::string_view text) {
  const Error bad{Code::invalid_argument, "'" + std::string(text) + "' selects nothing",
                  "write json:/pointer (RFC 6901) or csv:N, N from 1"};
  if (text.substr(0, 5) == "json:") {
    SHOAL_TRY(JsonPointer pointer, parse_json_pointer(text.substr(5)));
    return Selector{.kind = Selector::Kind::json, .pointer = std::move(pointer)};
  }
  if (text.substr(0, 4) != "csv:") return bad;
  const auto column = parse_integer(text.substr(4), 1);
  if (!column) return bad;
  return Selector{.kind = Selector::Kind::csv, .column = static_cast<std::size_t>(*column)};
}

Result<TimeFormat> parse_time_format(std::string_view text) {
  if (text == "rfc3339") return TimeFormat{.kind = TimeFormat::Kind::rfc3339};
  if (text.find('%') == std::string_view::npos) {
    return Error{Code::invalid_argument, "'" + std::string(text) + "' is not a time format",
                 "write rfc3339, or a strptime pattern like '%Y-%m-%d %H:%M:%S'"};
  }
  return TimeFormat{.kind = TimeFormat::Kind::strptime, .pattern = std::string(text)};
}

RecordSelector::RecordSelector(SelectorOptions options) : options_(std::move(options)) {
  const auto slot = [this](const std::optional<Selector>& selector) {
    if (!selector || selector->kind != Selector::Kind::json) return std::size_t{0};
    pointers_.push_back(selector->pointer);
    return pointers_.size() - 1;
  };
  topic_slot_ = slot(options_.topic);
  key_slot_ = slot(options_.key);
  time_slot_ = slot(options_.time);
}

Result<void> RecordSelector::apply(ByteView payload, ProducerRecord& record) {
  if (!pointers_.empty()) SHOAL_CHECK(pick_json(payload, pointers_, picked_));
  if (options_.topic) {
    SHOAL_TRY(const Field topic, field(*options_.topic, topic_slot_, payload, "topic"));
    if (topic.null) return Error{Code::invalid_argument, "the topic is null", ""};
    SHOAL_CHECK(map_topic(topic.text, options_.topic_map, record.topic));
  }
  if (options_.key) {
    SHOAL_TRY(const Field key, field(*options_.key, key_slot_, payload, "key"));
    if (key.null) {
      record.key.reset();
    } else {
      if (!record.key) record.key.emplace();
      const ByteView bytes = base::as_bytes(key.text);
      record.key->assign(bytes.begin(), bytes.end());
    }
  }
  if (options_.time) {
    SHOAL_TRY(const Field time, field(*options_.time, time_slot_, payload, "time"));
    if (time.null) return Error{Code::invalid_argument, "the time is null", ""};
    SHOAL_TRY(record.time, parse_time_field(time.text));
  }
  return {};
}

Result<RecordSelector::Field> RecordSelector::field(const Selector& selector, std::size_t json_slot, ByteView payload,
                                                    std::string_view what) {
  if (selector.kind == Selector::Kind::csv) {
    SHOAL_TRY(const std::string_view text, csv_field(base::as_text(payload), selector.column, scratch_));
    return Field{.text = text};
  }
  const PickedValue& value = picked_[json_slot];
  switch (value.kind) {
    case PickedValue::Kind::missing:
      return Error{Code::invalid_argument,
                   "no " + pointer_text(selector.pointer) + " to take the " + std::string(what) + " from", ""};
    case PickedValue::Kind::container:
      return Error{Code::invalid_argument,
                   pointer_text(selector.pointer) + " is an object or array, not a " + std::string(what), ""};
    case PickedValue::Kind::null: return Field{.null = true};
    case PickedValue::Kind::text:
    case PickedValue::Kind::number:
    case PickedValue::Kind::boolean: break;
  }
  return Field{.text = value.text};
}

Result<UnixMs> RecordSelector::parse_time_field(std::string_view text) const {
  switch (options_.time_format.kind) {
    case TimeFormat::Kind::unix_number: return parse_unix_time(text, options_.time_format.unit);
    case TimeFormat::Kind::rfc3339: return parse_rfc3339(text);
    case TimeFormat::Kind::strptime: return parse_strptime(text, options_.time_format.pattern);
  }
  return Error{Code::invalid_argument, "no time format", ""};
}

}  // namespace shoal::command
